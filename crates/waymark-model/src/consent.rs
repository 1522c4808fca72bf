//! What a visitor allowed their data to be used for.

/// One use of a visitor's data that needs consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Counting and reporting.
    Analytics,
    /// Choosing content by what the visitor did.
    Personalization,
    /// Contacting the visitor and measuring campaigns.
    Marketing,
}

impl Purpose {
    pub const ALL: [Self; 3] = [Self::Analytics, Self::Personalization, Self::Marketing];

    /// The name on the wire and in packs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Analytics => "analytics",
            Self::Personalization => "personalization",
            Self::Marketing => "marketing",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of purposes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Purposes(u8);

impl Purposes {
    pub const NONE: Self = Self(0);
    pub const ALL: Self = Self(0b111);

    /// Bits that name no purpose are dropped.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }

    pub const fn bits(self) -> u8 {
        self.0
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub const fn contains(self, purpose: Purpose) -> bool {
        self.0 & purpose.bit() != 0
    }

    #[must_use]
    pub const fn with(self, purpose: Purpose) -> Self {
        Self(self.0 | purpose.bit())
    }

    pub fn iter(self) -> impl Iterator<Item = Purpose> {
        Purpose::ALL.into_iter().filter(move |purpose| self.contains(*purpose))
    }
}

impl FromIterator<Purpose> for Purposes {
    fn from_iter<I: IntoIterator<Item = Purpose>>(purposes: I) -> Self {
        purposes.into_iter().fold(Self::NONE, Self::with)
    }
}
