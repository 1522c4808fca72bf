//! How often somebody may ask: what is too much is told to come again, and dropped nowhere.
//!
//! Who asks is an address; with a server key in a header it is the key, since a site's servers come from few addresses.

use std::net::{IpAddr, Ipv6Addr};

use sha2::{Digest as _, Sha256};
use waymark_wire::{Basis, Problem};

use crate::edge::Edge;
use crate::http::Request;
use crate::identity::hex;
use crate::ports::{Budget, Budgets};

/// When somebody may ask again. The platform's budgets are of 10 or 60 seconds.
const AGAIN: u32 = 10;

/// Whether somebody may ask now.
pub async fn check<H: Budgets>(edge: &Edge<'_, H>, request: &Request) -> Result<(), Problem> {
    let key = request.header("x-api-key").map(str::to_owned);
    let key = key.or_else(|| request.basic_user()).or_else(|| request.bearer().map(str::to_owned));
    let server = key
        .filter(|key| edge.config.write_key(key).is_some_and(|known| known.basis == Basis::Server));
    let (budget, who) = match server {
        Some(key) => (Budget::Server, hex(&Sha256::digest(key.as_bytes())[..8])),
        None => match request.header("cf-connecting-ip").and_then(network) {
            Some(network) => (Budget::Client, network),
            None => return Ok(()),
        },
    };
    if edge.host.is_within(budget, &who).await {
        return Ok(());
    }
    let problem = Problem::new(
        429,
        "too-many-requests",
        "Too much was asked at once",
        "Nothing of this request was kept. Send the same request again after `Retry-After` seconds.",
    );
    Err(problem.with_retry_after(AGAIN))
}

/// An address; of the sixth version what one household has.
fn network(address: &str) -> Option<String> {
    Some(match address.trim().parse().ok()? {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::network;

    #[test]
    fn of_the_sixth_version_a_household_is_one() {
        assert_eq!(network("203.0.113.7").as_deref(), Some("203.0.113.7"));
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), network("2001:db8:1:2::9"));
        assert_ne!(network("2001:db8:1:2::9"), network("2001:db8:1:3::9"));
        assert_eq!(network("somebody"), None);
    }
}
