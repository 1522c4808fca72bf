//! Which variation a visitor gets: a hash of who they are falls into a range between 0 and 1.
//!
//! The hashes and the ranges are those of GrowthBook's SDKs ([`SPEC_VERSION`]), so that an
//! experiment that moves from there keeps its visitors where they were. Nothing is drawn and nothing
//! is stored: the same visitor falls into the same bucket everywhere.

use alloc::vec;
use alloc::vec::Vec;

/// The version of GrowthBook's published SDK cases that assignment and conditions pass.
pub const SPEC_VERSION: &str = "0.12.0";

/// How a bucket comes from a seed and a visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashVersion {
    /// One round, a thousand buckets. Experiments running at the same time are not quite
    /// independent; it stands for those that began with it.
    V1,
    /// Two rounds, ten thousand buckets.
    V2,
}

impl HashVersion {
    pub const ALL: [Self; 2] = [Self::V1, Self::V2];

    pub const fn number(self) -> u8 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
        }
    }

    /// Where a visitor falls, from 0 to below 1.
    pub fn bucket(self, seed: &str, unit: &str) -> f64 {
        match self {
            Self::V1 => f64::from(fnv1a([unit, seed]) % 1_000) / 1_000.0,
            Self::V2 => {
                let mut digits = [0; 10];
                let again = fnv1a([decimal(fnv1a([seed, unit]), &mut digits)]);
                f64::from(again % 10_000) / 10_000.0
            }
        }
    }
}

/// Part of the line between 0 and 1: its start belongs to it, its end does not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    pub start: f64,
    pub end: f64,
}

impl Range {
    pub fn contains(self, bucket: f64) -> bool {
        bucket >= self.start && bucket < self.end
    }

    pub fn width(self) -> f64 {
        (self.end - self.start).max(0.0)
    }
}

/// The first range that a bucket falls into.
pub fn choose(bucket: f64, ranges: &[Range]) -> Option<usize> {
    ranges.iter().position(|range| range.contains(bucket))
}

/// As much for each.
pub fn equal_weights(count: usize) -> Vec<f64> {
    #[expect(clippy::cast_precision_loss, reason = "variations are few")]
    let share = 1.0 / count as f64;
    vec![share; count]
}

/// A range for each variation, beginning where the weights before it end, so that raising the
/// coverage moves nobody. Weights that are not one each, or do not add up, count as equal.
pub fn ranges(count: usize, coverage: f64, weights: Option<&[f64]>) -> Vec<Range> {
    let coverage = coverage.clamp(0.0, 1.0);
    let equal = equal_weights(count);
    let adds_up = |weights: &&[f64]| {
        weights.len() == count && (0.99..=1.01).contains(&weights.iter().sum::<f64>())
    };
    let weights = weights.filter(adds_up).unwrap_or(&equal);
    let mut before = 0.0;
    weights
        .iter()
        .map(|weight| {
            let start = before;
            before += weight;
            Range { start, end: start + coverage * weight }
        })
        .collect()
}

/// FNV-1a over UTF-16 code units, each taken whole: GrowthBook hashes what JavaScript calls
/// characters. Figures: draft-eastlake-fnv, section 5.
fn fnv1a<const N: usize>(texts: [&str; N]) -> u32 {
    let units = texts.into_iter().flat_map(str::encode_utf16);
    units.fold(0x811c_9dc5, |hash, unit| (hash ^ u32::from(unit)).wrapping_mul(0x0100_0193))
}

/// A number's digits; formatting would weigh more in a page than this.
fn decimal(mut number: u32, digits: &mut [u8; 10]) -> &str {
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b"0123456789"[(number % 10) as usize];
        number /= 10;
        if number == 0 {
            break;
        }
    }
    core::str::from_utf8(&digits[start..]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{HashVersion, Range, choose, decimal, equal_weights, ranges};

    #[test]
    fn digits_are_written_as_everywhere() {
        for number in [0, 7, 10, 4_294_967_295] {
            assert_eq!(decimal(number, &mut [0; 10]), number.to_string());
        }
    }

    #[test]
    fn raising_the_coverage_moves_nobody() {
        for version in HashVersion::ALL {
            let few = ranges(3, 0.3, None);
            let many = ranges(3, 0.9, None);
            for visitor in 0..1_000 {
                let bucket = version.bucket("a test", &visitor.to_string());
                let before = choose(bucket, &few);
                assert!(before.is_none() || before == choose(bucket, &many), "{visitor}");
            }
        }
    }

    #[test]
    fn a_range_ends_before_its_end() {
        let range = Range { start: 0.25, end: 0.5 };
        assert!(range.contains(0.25) && !range.contains(0.5));
        assert!(!Range { start: 0.5, end: 0.5 }.contains(0.5));
    }

    #[test]
    fn weights_that_do_not_add_up_count_as_equal() {
        assert_eq!(ranges(2, 1.0, Some(&[0.9, 0.9])), ranges(2, 1.0, None));
        assert_eq!(ranges(2, 1.0, Some(&[1.0])), ranges(2, 1.0, None));
        assert!(equal_weights(0).is_empty());
    }

    /// Of 10,000 visitors, each of k variations gets its share within four standard deviations of
    /// the binomial distribution, √(n p (1 − p)).
    #[test]
    fn shares_come_out_as_they_were_weighed() {
        for version in HashVersion::ALL {
            for weights in [&[0.5, 0.5][..], &[0.1, 0.9], &[0.2, 0.3, 0.5]] {
                let ranges = ranges(weights.len(), 1.0, Some(weights));
                let mut found = vec![0_i32; weights.len()];
                for visitor in 0..10_000 {
                    let id = format!("visitor-{}", visitor * 7_919);
                    if let Some(variation) = choose(version.bucket("shares", &id), &ranges) {
                        found[variation] += 1;
                    }
                }
                for (found, weight) in found.iter().zip(weights) {
                    let expected = 10_000.0 * weight;
                    let bound = 4.0 * (expected * (1.0 - weight)).sqrt();
                    let off = (f64::from(*found) - expected).abs();
                    assert!(off < bound, "{version:?}: {found} of {expected}");
                }
            }
        }
    }
}
