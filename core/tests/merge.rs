//! The merge of an app's own fields with a policy: every small app, against the rules said word by word with a heap.

use sallet_core::merge::{Merge, MergeRules, Own, Precedence};
use sallet_core::{
    CacheControl, ContentSecurityPolicy, CustomField, Directive, PolicyError, SecurityHeaders, Source, XFrameOptions,
};

const NONCE: ContentSecurityPolicy<'static> = ContentSecurityPolicy::new(&[Directive::script_src(&[Source::NONCE])]);
const POLICIES: [SecurityHeaders<'static>; 4] = [
    SecurityHeaders::CLASSIC,
    SecurityHeaders::EMPTY.content_security_policy(Some(NONCE)).x_frame_options(Some(XFrameOptions::Deny)),
    SecurityHeaders::EMPTY.cache_control(Some(CacheControl::NO_STORE)),
    SecurityHeaders::EMPTY
        .content_security_policy_report_only(Some(NONCE))
        .custom(&[CustomField::new("cdn-cache-control", "no-store"), CustomField::new("x-custom", "1")]),
];

/// What an app may send, as it is written on the wire.
const OWN: [(&str, &str); 8] = [
    ("X-Frame-Options", "SAMEORIGIN"),
    (" content-security-policy", "default-src *"),
    ("cache-control", "max-age=60"),
    ("Cache-Control", "private"),
    ("server", "apache"),
    ("CDN-Cache-Control", "max-age=60"),
    ("cdn-cache-control", "private"),
    ("set-cookie", "a=1"),
];

type Lines = Vec<(String, String)>;

fn lines(lines: &[(&str, &str)]) -> Lines {
    lines.iter().map(|(name, value)| (name.trim().to_ascii_lowercase(), (*value).to_owned())).collect()
}

fn policy_lines(policy: &SecurityHeaders<'_>) -> Lines {
    policy.fields().map(|field| (field.name().to_owned(), field.to_string())).collect()
}

/// Drives the machine as a host does. The second is what the layer around is told.
fn merged(
    policy: &SecurityHeaders<'_>,
    rules: &MergeRules,
    status: u16,
    own: &[(&str, &str)],
    left: &[String],
) -> (Lines, Vec<String>) {
    let fields = policy_lines(policy);
    let mut merge = Merge::new(policy, rules, status);
    let (mut out, mut private) = (Lines::new(), Lines::new());
    for (name, value) in own {
        let verdict = merge.own(name.as_bytes(), value.as_bytes());
        if verdict != Own::Drop {
            out.extend(lines(&[(name, value)]));
        }
        if verdict == Own::KeepPrivate {
            private.extend(lines(&[(name, "private")]));
        }
    }
    let mut left: Vec<_> = left.iter().filter(|name| merge.left_off(name.as_bytes())).cloned().collect();
    out.extend(merge.additions().map(|slot| fields[slot].clone()));
    out.extend(private);
    if merge.is_private() {
        out.extend(lines(&[("cache-control", "private")]));
    }
    left.extend(merge.leaves_off().map(|slot| fields[slot].0.clone()));
    (out, left)
}

/// The rules, word by word.
fn model(
    policy: &SecurityHeaders<'_>,
    rules: &MergeRules,
    status: u16,
    own: &[(&str, &str)],
    left: &[String],
) -> (Lines, Vec<String>) {
    let policy = policy_lines(policy);
    let in_policy = |name: &String| policy.iter().any(|(known, _)| known == name);
    let has_nonce = |value: &str| value.contains("{one-for-each-request}");
    let removed = |name: &String| rules.remove().iter().any(|removed| *removed == name);
    let overridden = |name: &String| rules.precedence() == Precedence::Policy && in_policy(name);
    let mut out = lines(own);
    out.retain(|(name, _)| !removed(name) && !overridden(name));
    let own = out.clone();
    let sent = |name: &String| own.iter().any(|(known, _)| known == name);
    let mut left = left.to_vec();
    left.retain(|name| !removed(name) && !overridden(name));
    for (name, value) in &policy {
        if sent(name) || left.contains(name) {
        } else if status == 304 && has_nonce(value) {
            left.push(name.clone());
        } else {
            out.push((name.clone(), value.clone()));
        }
    }
    if policy.iter().any(|(_, value)| has_nonce(value)) {
        let targeted = own.iter().filter(|(name, value)| name.ends_with("-cache-control") && value == "max-age=60");
        out.extend(targeted.map(|(name, _)| (name.clone(), "private".to_owned())));
        let mut caching = own.iter().filter(|(name, _)| name == "cache-control").peekable();
        if caching.peek().is_some() && caching.all(|(_, value)| value == "max-age=60") {
            out.extend(lines(&[("cache-control", "private")]));
        }
    }
    (out, left)
}

#[test]
fn every_small_app_gets_what_the_rules_say() {
    let removals: [&'static [&'static str]; 3] =
        [MergeRules::REMOVED, &[], &["cache-control", "content-security-policy", "cdn-cache-control"]];
    let mut seen = 0;
    for policy in &POLICIES {
        for precedence in [Precedence::App, Precedence::Policy] {
            for remove in removals {
                let rules = MergeRules::try_new(precedence, remove).unwrap();
                for code in 0..1_usize << OWN.len() {
                    let own: Vec<_> =
                        OWN.iter().enumerate().filter(|(at, _)| code >> at & 1 == 1).map(|(_, line)| *line).collect();
                    for status in [200, 304] {
                        for left in [vec![], vec!["content-security-policy".to_owned(), "x-other".to_owned()]] {
                            if status == 200 && !left.is_empty() {
                                continue;
                            }
                            let found = merged(policy, &rules, status, &own, &left);
                            assert_eq!(found, model(policy, &rules, status, &own, &left), "{own:?} {rules:?} {status}");
                            seen += 1;
                        }
                    }
                }
            }
        }
    }
    assert_eq!(seen, 4 * 2 * 3 * 256 * 3);
}

#[test]
fn a_policy_has_as_many_fields_as_the_bit_set() {
    let names: Vec<_> = (0..200).map(|at| format!("x-{at}")).collect();
    let fields: Vec<_> = names.iter().map(|name| CustomField::parse(name, "1").unwrap()).collect();
    let room = SecurityHeaders::MAX_FIELDS - SecurityHeaders::NAMES.len();
    assert_eq!(SecurityHeaders::EMPTY.try_custom(&fields[..=room]).unwrap_err(), PolicyError::TooManyFields);
    let policy = SecurityHeaders::API.try_custom(&fields[..room]).unwrap();
    let mut merge = Merge::new(&policy, &MergeRules::DEFAULT, 200);
    assert_eq!(merge.own(names[room - 1].as_bytes(), b"2"), Own::Keep);
    let additions: Vec<_> = merge.additions().collect();
    assert!(additions.into_iter().eq(0..SecurityHeaders::API.fields().count() + room - 1));
}

#[test]
fn a_policy_of_its_own_for_some_caches_keeps_them_from_a_nonce_too() {
    for (value, good) in
        [("max-age=600", false), ("private=?0", false), ("private", true), ("max-age=1, no-store", true)]
    {
        let fields = [CustomField::parse("cdn-cache-control", value).unwrap()];
        let policy = SecurityHeaders::EMPTY.custom(&fields);
        assert!(policy.check().is_ok());
        let error = policy.content_security_policy(Some(NONCE)).check().err();
        assert_eq!(error, (!good).then_some(PolicyError::SharedNonce), "{value}");
    }
}
