//! Items and dictionaries of RFC 9651 section 3, as the specifications of the headers narrow them.

use crate::content_security_policy::{ALPHA, ALPHA_DIGIT, host_source};
use crate::random::Random;

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789_-.*";
const TCHAR: &str = "abcXYZ019!#$%&'*+-.^_`|~:/";
/// What a string holds without an escape.
const PLAIN: &str = "abc XYZ019,;=()<>?@[]{}!#$%&'*+-./:^_`|~";

/// `key = ( lcalpha / "*" ) *( lcalpha / DIGIT / "_" / "-" / "." / "*" )`
fn key(random: &mut Random) -> String {
    random.text(LOWER, 1, 1) + &random.text(KEY, 0, 8)
}

/// `sf-string`, escapes and all.
fn string(random: &mut Random) -> String {
    let mut text = random.text(PLAIN, 0, 10);
    if random.once_in(4) {
        text += random.pick(&["\\\"", "\\\\"]);
    }
    format!("\"{text}\"")
}

/// `sf-token = ( ALPHA / "*" ) *( tchar / ":" / "/" )`
fn token(random: &mut Random) -> String {
    random.text(ALPHA, 1, 1) + &random.text(TCHAR, 0, 8)
}

/// `bare-item`, every kind of RFC 9651 section 3.3.
fn bare_item(random: &mut Random) -> String {
    match random.below(9) {
        0 => random.below(1_000_000).to_string(),
        1 => format!("-{}.{}", random.below(1000), random.between(1, 999)),
        2 => string(random),
        3 => token(random),
        4 => ":aGVsbG8=:".to_owned(),
        5 => "?1".to_owned(),
        6 => "?0".to_owned(),
        7 => format!("@{}", random.below(2_000_000_000)),
        _ => "%\"f%c3%bc\"".to_owned(),
    }
}

/// `parameters = *( ";" *SP parameter )`, without `taken`, for the last of a name is the one that counts.
pub fn parameters(taken: &str, random: &mut Random) -> String {
    let mut text = String::new();
    if !random.once_in(5) {
        return text;
    }
    for _ in 0..random.between(1, 2) {
        let key = key(random);
        if key == taken {
            continue;
        }
        text += random.pick(&[";", "; ", ";  "]);
        text += &key;
        if !random.once_in(3) {
            text += "=";
            text += &bare_item(random);
        }
    }
    text
}

/// `sf-dictionary = dict-member *( OWS "," OWS dict-member )`, of members with different keys.
fn dictionary(members: Vec<(String, String)>, random: &mut Random) -> String {
    let mut text = String::new();
    for (i, (key, value)) in members.iter().enumerate() {
        if members[..i].iter().any(|(other, _)| other == key) {
            continue;
        }
        if i > 0 {
            text += random.pick(&[", ", ", ", ",", " ,\t"]);
        }
        text += &format!("{key}={value}");
    }
    text
}

/// `inner-list = "(" *SP [ sf-item *( 1*SP sf-item ) *SP ] ")"`
fn inner_list(items: &[String], random: &mut Random) -> String {
    let space = random.pick(&[" ", " ", "  "]);
    let (before, after) = (random.pick(&["", "", " "]), random.pick(&["", "", " "]));
    format!("({before}{}{after})", items.join(space))
}

/// HTML sections 7.1.3 and 7.1.4, and Document-Isolation-Policy: a token, and the parameter `report-to`.
pub fn reported_item(values: &[&str], random: &mut Random) -> String {
    let report_to =
        if random.once_in(3) { format!("; report-to=\"{}\"", random.text(ALPHA_DIGIT, 1, 8)) } else { String::new() };
    format!("{}{report_to}{}", random.pick(values), parameters("report-to", random))
}

/// Permissions Policy, section "Structured header serialization".
pub fn permissions_policy(features: &[&str], random: &mut Random) -> String {
    let members = random.several(1, 5, |random| {
        let value = match random.below(5) {
            0 => "*".to_owned(),
            1 => "self".to_owned(),
            2 => origin(random),
            _ => {
                let items = random.several(0, 3, |random| match random.below(4) {
                    0 => "self".to_owned(),
                    1 => "*".to_owned(),
                    _ => origin(random),
                });
                inner_list(&items, random)
            }
        };
        let report_to = match random.below(6) {
            0 => format!(";report-to={}", random.text(LOWER, 1, 8)),
            1 => format!(";report-to=\"{}\"", random.text(ALPHA_DIGIT, 1, 8)),
            _ => String::new(),
        };
        (random.pick(features).to_owned(), value + &report_to + &parameters("report-to", random))
    });
    dictionary(members, random)
}

/// `permission-source-expression = scheme-source / host-source`, in a string.
fn origin(random: &mut Random) -> String {
    match random.below(5) {
        0 => format!("\"{}\"", random.pick(&["https:", "https://*.a.example", "https://a.example:*", "*.a.example"])),
        1 => format!("\"{}\"", host_source(random)),
        _ => format!("\"https://{}.example\"", random.text(LOWER, 1, 6)),
    }
}

/// Subresource Integrity, section "Integrity-Policy": three keys that count, others that do not.
pub fn integrity_policy(random: &mut Random) -> String {
    let destinations = random.several(1, 2, |random| random.pick(&["script", "style"]).to_owned());
    let mut members = vec![("blocked-destinations".to_owned(), inner_list(&destinations, random))];
    if random.once_in(2) {
        members.push(("sources".to_owned(), inner_list(&["inline".to_owned()], random)));
    }
    if random.once_in(2) {
        let endpoints = random.several(0, 2, |random| random.text(LOWER, 1, 6));
        members.push(("endpoints".to_owned(), inner_list(&endpoints, random)));
    }
    if random.once_in(3) {
        let first = random.below(members.len());
        members.swap(0, first);
    }
    members.iter_mut().for_each(|(_, value)| *value += &parameters("", random));
    dictionary(members, random)
}

/// Reporting, section 3.3: names, and URLs in strings.
pub fn reporting_endpoints(random: &mut Random) -> String {
    let members = random.several(1, 3, |random| {
        let path = random.text("abc019-._~!$&'()*+,;=:@/", 0, 8);
        let url = match random.below(5) {
            0 => format!("/{}", path.trim_start_matches('/')),
            1 => format!("http://{}:{}/{path}", random.pick(&["localhost", "127.0.0.1"]), random.below(65536)),
            _ => format!("https://{}.example/{path}", random.text(LOWER, 1, 6)),
        };
        (key(random), format!("\"{url}\"{}", parameters("", random)))
    });
    dictionary(members, random)
}

/// HTML section 7.1.2: a boolean.
pub fn origin_agent_cluster(random: &mut Random) -> String {
    format!("{}{}", random.pick(&["?1", "?0"]), parameters("", random))
}
