//! Independent parsers read what Sallet sends as it was meant, and Sallet accepts nothing that they cannot read.

use content_security_policy::{CspList, PolicyDisposition, PolicySource};
use other_readers::content_security_policy::{Directive, NONCE, PolicyList, policy_list};
use other_readers::random::Random;
use other_readers::structured_fields as written;
use sallet_core::SecurityHeaders;
use sfv::{Dictionary, Item, Parser};

const POLICIES: usize = 100_000;
const NONCE_SENT: &str = "'nonce-AAAAAAAAAAAAAAAAAAAAAA'";

/// The value that is sent for `text`, if it is accepted.
fn sent(header: &str, text: &str) -> Option<String> {
    let policy = SecurityHeaders::EMPTY.with(header, text).ok()?;
    let field = policy.fields().find(|field| field.name() == header)?;
    let mut buf = vec![0; field.value_len()];
    let (value, _) = field.write_value(&mut buf).ok()?;
    Some(value.replace(NONCE, NONCE_SENT))
}

/// What Servo reads.
fn read(value: &str) -> Vec<Vec<Directive>> {
    let list = CspList::parse(value, PolicySource::Header, PolicyDisposition::Enforce);
    assert!(list.is_valid(), "Servo: {value}");
    let directives = |policy: content_security_policy::Policy| {
        policy.directive_set.into_iter().map(|one| Directive { name: one.name, value: one.value }).collect()
    };
    list.0.into_iter().map(directives).collect()
}

/// What is meant, when it is sent.
fn meant(list: PolicyList) -> Vec<Vec<Directive>> {
    let mut policies = list.policies;
    for word in policies.iter_mut().flatten().flat_map(|directive| &mut directive.value) {
        if word == NONCE {
            NONCE_SENT.clone_into(word);
        }
    }
    policies
}

#[test]
fn a_hundred_thousand_policies_are_read_by_servo_as_they_were_meant() {
    let mut random = Random::new(1);
    let mut checked = 0;
    while checked < POLICIES {
        let list = policy_list(&mut random);
        let Some(value) = sent("content-security-policy", &list.text) else { continue };
        checked += 1;
        assert_eq!(read(&value), meant(list), "{value}");
    }
}

/// One to three characters changed, added or taken away.
fn spoilt(text: &str, random: &mut Random) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..random.between(1, 3) {
        let at = random.below(characters.len() + 1);
        let one = random.text(" \t\n\r\0;,'\"*:/\\%@<>{}()=?#&-_.~ax0AXé", 1, 1).chars().next().unwrap_or(' ');
        match random.below(3) {
            0 => characters.insert(at, one),
            1 if at < characters.len() => characters[at] = one,
            _ if at < characters.len() => drop(characters.remove(at)),
            _ => {}
        }
    }
    characters.into_iter().collect()
}

/// Cut as CSP3 section 2.2 does, with nothing dropped.
fn directives(value: &str) -> Vec<usize> {
    let policy = |text: &str| text.split(';').filter(|one| !one.trim().is_empty()).count();
    value.split(',').map(policy).collect()
}

#[test]
fn no_spoilt_policy_is_accepted_of_which_servo_drops_a_part() {
    let mut random = Random::new(2);
    let mut accepted = 0;
    for _ in 0..POLICIES / 2 {
        let text = spoilt(&policy_list(&mut random).text, &mut random);
        let Some(value) = sent("content-security-policy", &text) else { continue };
        accepted += 1;
        let read: Vec<usize> = read(&value).iter().map(Vec::len).collect();
        assert_eq!(read, directives(&value), "{text:?} as {value:?}");
    }
    assert!(accepted > POLICIES / 100, "{accepted}");
}

/// Members of a grammar and as many spoilt ones: `sfv` reads what is accepted, and it means what the text meant.
fn check<T: PartialEq + std::fmt::Debug>(
    header: &str,
    mut value: impl FnMut(&mut Random) -> String,
    read: impl Fn(&str) -> Option<T>,
) {
    let twin = SecurityHeaders::HEADERS.iter().find(|row| row.report_only_of == Some(header)).map(|row| row.name);
    let mut random = Random::new(3);
    let mut accepted = [0, 0];
    for turn in 0..POLICIES / 5 {
        let mut text = value(&mut random);
        if turn % 2 == 1 {
            text = spoilt(&text, &mut random);
        }
        let Some(value) = sent(header, &text) else { continue };
        accepted[turn % 2] += 1;
        if let Some(twin) = twin {
            assert_eq!(sent(twin, &text).as_ref(), Some(&value), "{twin}: {text:?}");
        }
        let found = read(&value);
        assert!(found.is_some(), "{header}: sfv cannot read {value:?}");
        let text = text.trim_matches([' ', '\t']);
        // A token in other letters is sent as the specification spells it.
        let (token, parameters) = text.split_at(text.find(';').unwrap_or(text.len()));
        let spelt = token.to_ascii_lowercase() + parameters;
        assert!(found == read(text) || found == read(&spelt), "{header}: {text:?} as {value:?}");
    }
    assert!(accepted.iter().all(|count| *count > POLICIES / 500), "{header}: {accepted:?}");
}

fn dictionary(text: &str) -> Option<Dictionary> {
    Parser::new(text).parse().ok()
}

fn item(text: &str) -> Option<Item> {
    Parser::new(text).parse().ok()
}

#[test]
fn permissions_policy_is_a_dictionary() {
    let features = ["camera", "geolocation", "fullscreen"];
    check("permissions-policy", |random| written::permissions_policy(&features, random), dictionary);
}

#[test]
fn integrity_policy_is_a_dictionary() {
    check("integrity-policy", written::integrity_policy, dictionary);
}

#[test]
fn reporting_endpoints_is_a_dictionary() {
    check("reporting-endpoints", written::reporting_endpoints, dictionary);
}

#[test]
fn origin_agent_cluster_is_an_item() {
    // Its parameters mean nothing (HTML section 7.1.2), and Sallet leaves them out.
    check("origin-agent-cluster", written::origin_agent_cluster, |text| item(text).map(|item| item.bare_item));
}

#[test]
fn cross_origin_opener_policy_is_an_item() {
    let values = ["unsafe-none", "same-origin-allow-popups", "same-origin", "noopener-allow-popups"];
    check("cross-origin-opener-policy", |random| written::reported_item(&values, random), item);
}

#[test]
fn cross_origin_embedder_policy_is_an_item() {
    let values = ["unsafe-none", "require-corp", "credentialless"];
    check("cross-origin-embedder-policy", |random| written::reported_item(&values, random), item);
}

#[test]
fn document_isolation_policy_is_an_item() {
    let values = ["none", "isolate-and-require-corp", "isolate-and-credentialless"];
    check("document-isolation-policy", |random| written::reported_item(&values, random), item);
}

/// The presets, and the example of each row of the table.
#[test]
fn what_sallet_ships_is_read() {
    let read_one = |header: &str, value: &str| match header.trim_end_matches("-report-only") {
        "content-security-policy" => assert!(!read(value).is_empty(), "{value}"),
        "permissions-policy" | "integrity-policy" | "reporting-endpoints" => {
            assert!(dictionary(value).is_some(), "{value}")
        }
        "cross-origin-opener-policy"
        | "cross-origin-embedder-policy"
        | "document-isolation-policy"
        | "origin-agent-cluster" => assert!(item(value).is_some(), "{value}"),
        _ => {}
    };
    for preset in [SecurityHeaders::STRICT, SecurityHeaders::API, SecurityHeaders::CLASSIC] {
        for field in preset.fields() {
            let mut buf = vec![0; field.value_len()];
            read_one(field.name(), field.write_value(&mut buf).expect("it has its length").0);
        }
    }
    for row in SecurityHeaders::HEADERS {
        read_one(row.name, &sent(row.name, row.good).expect("a good value is accepted"));
    }
}
