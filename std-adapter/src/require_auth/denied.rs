use std::fmt;

use sallet_core::auth::Refusal;

/// Why a function given to [`Bearer::from_fn`](super::Bearer::from_fn) does not let a request in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denied {
    /// The client is told so, with a challenge.
    Refused(Refusal),
    /// Nobody can say who it is just now: the database is away. The client gets 503 (gRPC: `UNAVAILABLE`) and may try
    /// again with the same token.
    Unavailable,
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Unavailable => f.write_str("tokens cannot be checked just now"),
        }
    }
}

impl std::error::Error for Denied {}
