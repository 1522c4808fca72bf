//! By which channel a visitor came to a page: from the address of the page and of the one before.
//!
//! The channels, and the words by which campaigns name them, follow the default channel group of
//! Google Analytics 4 (support.google.com/analytics/answer/9756891), whose lists of sites are cut down
//! to the large ones. Besides, a page of the same site leads on as `internal`.

use alloc::borrow::ToOwned;
use alloc::string::String;

use waymark_model::{Object, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    Direct,
    Internal,
    OrganicSearch,
    PaidSearch,
    OrganicSocial,
    PaidSocial,
    OrganicVideo,
    PaidVideo,
    OrganicShopping,
    PaidShopping,
    PaidOther,
    Display,
    Email,
    Affiliates,
    Audio,
    Sms,
    MobilePush,
    Referral,
    Other,
}

impl Channel {
    pub const ALL: [Self; 19] = [
        Self::Direct,
        Self::Internal,
        Self::OrganicSearch,
        Self::PaidSearch,
        Self::OrganicSocial,
        Self::PaidSocial,
        Self::OrganicVideo,
        Self::PaidVideo,
        Self::OrganicShopping,
        Self::PaidShopping,
        Self::PaidOther,
        Self::Display,
        Self::Email,
        Self::Affiliates,
        Self::Audio,
        Self::Sms,
        Self::MobilePush,
        Self::Referral,
        Self::Other,
    ];

    /// The word for it in packs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Internal => "internal",
            Self::OrganicSearch => "organic-search",
            Self::PaidSearch => "paid-search",
            Self::OrganicSocial => "organic-social",
            Self::PaidSocial => "paid-social",
            Self::OrganicVideo => "organic-video",
            Self::PaidVideo => "paid-video",
            Self::OrganicShopping => "organic-shopping",
            Self::PaidShopping => "paid-shopping",
            Self::PaidOther => "paid-other",
            Self::Display => "display",
            Self::Email => "email",
            Self::Affiliates => "affiliates",
            Self::Audio => "audio",
            Self::Sms => "sms",
            Self::MobilePush => "mobile-push",
            Self::Referral => "referral",
            Self::Other => "other",
        }
    }

    /// As a bit of a set.
    pub const fn bit(self) -> u32 {
        1 << self as u32
    }

    /// Of a context with the groups `page` and `campaign`.
    pub fn of(context: &Object) -> Self {
        let said = |group: &str, key: &str| -> String {
            let Some(Value::Object(group)) = context.get(group) else { return String::new() };
            group.get(key).and_then(Value::as_text).unwrap_or_default().to_ascii_lowercase()
        };
        let (mut source, mut medium) = (said("campaign", "source"), said("campaign", "medium"));
        let name = said("campaign", "name");
        let search = said("page", "search");
        let clicked = |ids: &str| {
            let mut pairs = search.trim_start_matches('?').split('&');
            pairs.any(|pair| has(ids, pair.split('=').next().unwrap_or_default()))
        };
        if source.is_empty() && medium.is_empty() {
            let from = host(&said("page", "referrer")).to_owned();
            if clicked("gclid gbraid wbraid msclkid") {
                "cpc".clone_into(&mut medium);
                if from.is_empty() {
                    "google".clone_into(&mut source);
                }
            } else if clicked("dclid") {
                return Self::Display;
            } else if from.is_empty() {
                return Self::Direct;
            } else if from == host(&said("page", "url")) {
                return Self::Internal;
            }
            if source.is_empty() {
                source = from;
            }
        }
        let paid =
            medium.contains("cp") || has("ppc retargeting", &medium) || medium.starts_with("paid");
        let shopping = is_of(&source, SHOPPING) || name.contains("shop");
        let (searches, social) = (is_of(&source, SEARCH), is_of(&source, SOCIAL));
        let video = is_of(&source, VIDEO);
        if paid && medium != "cpm" {
            return match () {
                () if shopping => Self::PaidShopping,
                () if searches => Self::PaidSearch,
                () if social => Self::PaidSocial,
                () if video => Self::PaidVideo,
                () => Self::PaidOther,
            };
        }
        let mail = |word: &str| has("email e-mail e_mail newsletter", word);
        match () {
            () if has("display banner expandable interstitial cpm", &medium) => Self::Display,
            () if mail(&source) || mail(&medium) || source.starts_with("mail.") => Self::Email,
            () if source == "sms" || medium == "sms" => Self::Sms,
            () if medium.ends_with("push") || has("mobile notification", &medium) => {
                Self::MobilePush
            }
            () if has("affiliate affiliates", &medium) => Self::Affiliates,
            () if medium == "audio" => Self::Audio,
            () if shopping => Self::OrganicShopping,
            () if social || has("social social-network social-media sm", &medium) => {
                Self::OrganicSocial
            }
            () if video || medium.contains("video") => Self::OrganicVideo,
            () if searches || medium == "organic" => Self::OrganicSearch,
            () if has("referral app link", &medium) || medium.is_empty() => Self::Referral,
            () => Self::Other,
        }
    }
}

const SEARCH: &str = "google bing duckduckgo yahoo baidu yandex ecosia startpage naver sogou so qwant \
                      ask aol seznam daum kagi brave";
const SOCIAL: &str = "facebook fb instagram ig twitter x x.com t.co linkedin lnkd pinterest reddit tiktok \
                      snapchat threads whatsapp telegram t.me vk weibo wechat weixin xiaohongshu line \
                      quora tumblr mastodon bsky douyin zhihu discord";
const VIDEO: &str = "youtube youtu vimeo twitch dailymotion bilibili youku";
const SHOPPING: &str = "amazon ebay etsy walmart alibaba aliexpress shopee lazada taobao tmall jd \
                        rakuten mercadolibre";

/// Whether a word is among those of a list.
fn has(list: &str, word: &str) -> bool {
    !word.is_empty() && list.split(' ').any(|one| one == word)
}

/// Whether a source, which is a name or a host, is one of a list, or below it.
fn is_of(source: &str, list: &str) -> bool {
    let mut labels = source.rsplit('.');
    // The last one says nothing, where there are several.
    if source.contains('.') {
        labels.next();
    }
    has(list, source) || labels.any(|label| label.len() > 1 && has(list, label))
}

/// The host of an address, without `www.`.
fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or("", |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    host.strip_prefix("www.").unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use waymark_model::{Object, Value};

    use super::Channel;

    fn channel(campaign: &[(&str, &str)], page: &[(&str, &str)]) -> &'static str {
        let group = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(key, text)| (*key, Value::from(*text)));
            Value::Object(pairs.collect::<Object>())
        };
        let mut context = Object::new();
        context.insert("campaign", group(campaign));
        context.insert("page", group(page));
        Channel::of(&context).name()
    }

    #[test]
    fn the_page_before_tells_where_somebody_came_from() {
        let from = |referrer| {
            channel(&[], &[("referrer", referrer), ("url", "https://www.shop.example/tents")])
        };
        for (referrer, expected) in [
            ("", "direct"),
            ("https://shop.example/", "internal"),
            ("https://www.google.co.uk/", "organic-search"),
            ("https://l.facebook.com/l.php?u=1", "organic-social"),
            ("https://t.co/abc", "organic-social"),
            ("https://x.com/", "organic-social"),
            ("https://m.youtube.com/watch", "organic-video"),
            ("https://mail.google.com/", "email"),
            ("https://www.amazon.de/", "organic-shopping"),
            ("https://blog.example/", "referral"),
            ("https://so.what.example/", "organic-search"),
        ] {
            assert_eq!(from(referrer), expected, "{referrer}");
        }
    }

    #[test]
    fn a_campaign_says_it_better() {
        for (source, medium, expected) in [
            ("google", "cpc", "paid-search"),
            ("facebook", "paid-social", "paid-social"),
            ("instagram", "social", "organic-social"),
            ("partner", "cpc", "paid-other"),
            ("google", "cpm", "display"),
            ("autumn", "email", "email"),
            ("newsletter", "", "email"),
            ("shop-a", "affiliate", "affiliates"),
            ("spotify", "audio", "audio"),
            ("sms", "sms", "sms"),
            ("app", "web-push", "mobile-push"),
            ("youtube", "video", "organic-video"),
            ("google", "organic", "organic-search"),
            ("blog.example", "referral", "referral"),
            ("leaflet", "qr", "other"),
        ] {
            let page = [("referrer", "https://www.bing.com/")];
            let campaign = [("source", source), ("medium", medium)];
            assert_eq!(channel(&campaign, &page), expected, "{source} {medium}");
        }
        let clicked = [("search", "?a=1&gclid=x"), ("referrer", "https://www.google.com/")];
        assert_eq!(channel(&[], &clicked), "paid-search");
    }
}
