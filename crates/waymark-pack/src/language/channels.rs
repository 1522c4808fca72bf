//! By which channel a visitor comes to a page.

use super::{Word, word};

/// The engine's `Channel`s, in their order; a test compares them.
pub static CHANNELS: &[Word] = &[
    word("direct", "Nothing says where they came from."),
    word("internal", "From another page of the site."),
    word("organic-search", "From a search engine."),
    word("paid-search", "By an advertisement of a search engine."),
    word("organic-social", "From a social network."),
    word("paid-social", "By an advertisement in a social network."),
    word("organic-video", "From a video site."),
    word("paid-video", "By an advertisement in a video site."),
    word("organic-shopping", "From a shopping site."),
    word("paid-shopping", "By an advertisement in a shopping site."),
    word("paid-other", "By another advertisement that was paid for."),
    word("display", "By a banner."),
    word("email", "By an e-mail."),
    word("affiliates", "By a partner who gets a commission."),
    word("audio", "By a podcast, or what else is heard."),
    word("sms", "By a text message."),
    word("mobile-push", "By a push message."),
    word("referral", "By a link on another site."),
    word("other", "By a campaign of some other medium."),
];

#[cfg(test)]
mod tests {
    use waymark_engine::Channel;

    #[test]
    fn every_channel_is_described() {
        let described: Vec<&str> = super::CHANNELS.iter().map(|channel| channel.name).collect();
        assert_eq!(described, Channel::ALL.map(Channel::name));
    }
}
