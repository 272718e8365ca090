//! Origin-Agent-Cluster: a process of its own for each origin.

use super::PolicyError;
use crate::cursor::Cursor;
use crate::grammar;
use crate::structured_field::Params;

/// `Origin-Agent-Cluster` ([HTML, section 7.1.2](https://html.spec.whatwg.org/multipage/browsers.html#origin-keyed-agent-clusters)),
/// a structured-field boolean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OriginAgentCluster {
    /// Asks for it.
    Yes,
    /// Declines it.
    No,
}

const BAD: PolicyError = PolicyError::BadValue("Origin-Agent-Cluster takes ?1 or ?0");

impl OriginAgentCluster {
    /// Each value that it takes.
    pub(crate) const VALUES: &'static [&'static str] = &["?1", "?0"];

    /// Reads the header's value. Parameters mean nothing, and are not sent.
    ///
    /// # Errors
    /// [`BadValue`](PolicyError::BadValue).
    pub const fn parse(text: &str) -> Result<Self, PolicyError> {
        let (value, params) = grammar::cut(grammar::trim(text), 2);
        match (value.as_bytes(), Params::parse(params)) {
            (b"?1", Ok(_)) => Ok(Self::Yes),
            (b"?0", Ok(_)) => Ok(Self::No),
            _ => Err(BAD),
        }
    }

    /// The header's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "?1",
            Self::No => "?0",
        }
    }

    pub(crate) const fn render(&self, out: &mut Cursor<'_>) {
        out.put(self.as_str().as_bytes());
    }
}

impl core::fmt::Display for OriginAgentCluster {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_boolean() {
        for (given, read) in
            [("?1", OriginAgentCluster::Yes), (" ?0\t", OriginAgentCluster::No), ("?1;a;b=@1", OriginAgentCluster::Yes)]
        {
            assert_eq!(OriginAgentCluster::parse(given), Ok(read), "{given}");
        }
        for bad in ["", "?", "1", "?2", "true", "?1;", "?1 ;a", "?1, ?1", "\u{e9}"] {
            assert_eq!(OriginAgentCluster::parse(bad), Err(BAD), "{bad:?}");
        }
    }
}
