//! What operators may.

/// Each may what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// May look, and sees of people what `VIEWER_SEES` allows.
    Viewer,
    /// May change which packs there are, and which is active.
    Publisher,
    /// May do everything.
    Owner,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Publisher, Self::Owner];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Publisher => "publisher",
            Self::Owner => "owner",
        }
    }
}

/// A token, by its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Whose it is, for the log.
    pub name: Option<String>,
    pub sha256: [u8; 32],
    pub role: Role,
}
