//! Content-Security-Policy: the table of what its grammar allows and Sallet does not is the whole of it.

use sallet_core::{ContentSecurityPolicy, Source};

const DOCS: &str = include_str!("../src/headers/content_security_policy.rs");

/// The cells of the table's rows, without the code marks.
fn rows() -> Vec<[&'static str; 4]> {
    let lines = DOCS.lines().filter_map(|line| line.strip_prefix("/// | ")?.strip_suffix('|'));
    let rows = lines.map(|line| {
        let mut cells = line.split(" |").map(|cell| cell.trim().trim_matches('`'));
        std::array::from_fn(|_| cells.next().unwrap())
    });
    rows.skip(1).collect()
}

#[test]
fn what_the_table_says_is_refused_is() {
    let rows = rows();
    assert!(rows.len() > 10);
    for [refused, error, why, sent_by] in rows {
        let refused = match refused {
            "more than eight nonces" => format!("script-src{}", " 'nonce-{one-for-each-request}'".repeat(9)),
            text => text.to_owned(),
        };
        assert_eq!(format!("{:?}", ContentSecurityPolicy::parse(&refused).unwrap_err()), error, "{refused}");
        assert!(why.ends_with('.'), "{why}");
        if !sent_by.is_empty() {
            let sent = ContentSecurityPolicy::parse(sent_by).unwrap();
            assert_eq!(sent.to_string(), refused);
            assert_eq!(sent.marked().to_string(), sent_by);
        }
    }
}

/// A directive and a list that its grammar allows: those of CSP3 section 6, Trusted Types section 4, HTML section 7.1.5.
#[test]
fn what_the_grammar_allows_is_taken() {
    let keywords = Source::CONSTANTS.iter().map(|constant| constant.source.as_str());
    let not_of_lists =
        ["'none'", "'nonce-{one-for-each-request}'", "'script'", "'allow-duplicates'", "'allow'", "'block'"];
    let sources: Vec<_> = keywords.filter(|text| !not_of_lists.contains(text)).chain(SOURCES.iter().copied()).collect();
    let mut count = 0;
    for name in LISTS {
        for first in &sources {
            for second in &sources {
                let text = format!("{name} {first} {second}");
                assert_eq!(ContentSecurityPolicy::parse(&text).map(|policy| policy.to_string()).as_deref(), Ok(&*text));
                count += 1;
            }
        }
        let none = format!("{name} 'none'");
        assert_eq!(ContentSecurityPolicy::parse(&none).unwrap().to_string(), none);
    }
    for source in SOURCES.iter().filter(|source| !source.starts_with('\'')).chain(&["'self'", "'none'"]) {
        let text = format!("frame-ancestors {source}");
        assert_eq!(ContentSecurityPolicy::parse(&text).unwrap().to_string(), text);
    }
    assert!(count > 10_000);
}

const LISTS: [&str; 19] = [
    "child-src",
    "connect-src",
    "default-src",
    "fenced-frame-src",
    "font-src",
    "frame-src",
    "img-src",
    "manifest-src",
    "media-src",
    "object-src",
    "script-src",
    "script-src-elem",
    "script-src-attr",
    "style-src",
    "style-src-elem",
    "style-src-attr",
    "worker-src",
    "base-uri",
    "form-action",
];

const SOURCES: [&str; 24] = [
    "self.example",
    "none.example",
    "*",
    "*:*",
    "*/",
    "a",
    "1",
    "-",
    "*.a.b.",
    "a.example:*",
    "a.example:0",
    "a.example:123456789",
    "https://*",
    "x+y-z.0://a.example:80/b/c//d",
    "a.example/",
    "a.example/-._~%20!$&'()*+=:@/",
    "custom:",
    "x+y-z.0:",
    "localhost:",
    "'sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc='",
    "'sha384-AoWO2NN-PGpt3TudulLbvGyFVcFxsRkrmg9v0ShvWAB8VuPrr1UBL1hyq_XDuBAD'",
    "'sha512-JmJZZcyblZQCHlZRsKDDtflAYSRkis0qyVDld8GYYgE33OHeq29ups1mbWGRG5YsUJA8XlUFLdqMMpEYX5m9WA=='",
    "'url-sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc='",
    "'eval-sha384-AoWO2NN-PGpt3TudulLbvGyFVcFxsRkrmg9v0ShvWAB8VuPrr1UBL1hyq_XDuBAD'",
];
