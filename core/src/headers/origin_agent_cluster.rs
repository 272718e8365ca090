//! Origin-Agent-Cluster: a process of its own for each origin.

use super::keyword_header::keyword_header;

keyword_header! {
    /// `Origin-Agent-Cluster` ([HTML, section 7.1.2](https://html.spec.whatwg.org/multipage/browsers.html#origin-keyed-agent-clusters)),
    /// a structured-field boolean.
    OriginAgentCluster: "Origin-Agent-Cluster takes ?1 or ?0" {
        /// Asks for it.
        Yes = "?1",
        /// Declines it.
        No = "?0",
    }
}
