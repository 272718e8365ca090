//! The table of what is refused though a grammar allows it, in the documentation of `PolicyError`.

use sallet_core::SecurityHeaders;

const DOCS: &str = include_str!("../src/headers/error.rs");

#[test]
fn what_the_table_says_is_refused_is_and_can_be_sent() {
    let lines = DOCS.lines().filter_map(|line| line.strip_prefix("/// | `")?.strip_suffix(" |"));
    let mut count = 0;
    for line in lines {
        let (name, rest) = line.split_once("` | `").expect("a header");
        let (value, why) = rest.split_once("` | ").expect("a value");
        assert!(SecurityHeaders::EMPTY.with(name, value).is_err(), "{name}: {value}");
        let unchecked = format!("{{unchecked}}{value}");
        let sent =
            SecurityHeaders::EMPTY.with(name, &unchecked).unwrap_or_else(|error| panic!("{name}: {value}: {error}"));
        assert_eq!(sent.to_string(), format!("{name}: {value}\r\n"));
        assert!(why.ends_with('.'), "{why}");
        count += 1;
    }
    assert!(count > 10);
}
