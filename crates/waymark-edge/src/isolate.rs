//! What an isolate remembers between requests, beside packs. It may be gone at any time, and nothing that must not be
//! lost is here.

use crate::counts::Counts;
use crate::quotas::Used;
use crate::variants::Variants;

#[derive(Debug, Default)]
pub struct Isolate {
    pub variants: Variants,
    pub counts: Counts,
    pub used: Used,
}
