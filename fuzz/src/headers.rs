//! Every header that is made from text: by itself, and in a policy with others.

mod meaning;

use sallet_core::merge::{Merge, MergeRules, Own, made_private};
use sallet_core::{
    ContentSecurityPolicy, CustomField, Directive, Hash, NonceForm, PolicyError, Scheme, SecurityHeaders, Source,
    UNCHECKED, removable,
};

use crate::{buffers, csp3, input, wire};

/// The name of a header, its value, the next name and so on, with bytes FF between.
pub fn headers(data: &[u8]) {
    let texts: Vec<_> = input::texts(data).collect();
    let (pairs, _) = texts.as_chunks::<2>();
    let mut policy = SecurityHeaders::EMPTY;
    let mut customs: Vec<CustomField<'_>> = Vec::new();
    for [name, value] in pairs {
        hash(value);
        sharing(name, value);
        match policy.with(name, value) {
            Ok(_) if value.contains(UNCHECKED) => unchecked(name, value),
            Ok(next) => {
                alone(name, value);
                policy = next;
            }
            Err(PolicyError::UnknownHeader) => customs.extend(custom(name, value)),
            Err(error) => assert_eq!(policy.without(name).map(|_| ()), Ok(()), "{error}"),
        }
    }
    let repeats = |i: usize| customs[..i].iter().any(|other| other.name() == customs[i].name());
    let duplicate = (0..customs.len()).any(repeats);
    let policy = match policy.try_custom(&customs) {
        Ok(policy) => policy,
        Err(error) => {
            assert_eq!((error, duplicate), (PolicyError::DuplicateHeader, true));
            policy
        }
    };
    together(&policy, data.len());
    endpoints(&policy);
}

/// A header that is set as it should be is one line, and what is sent means what was given.
fn alone(name: &str, value: &str) {
    let policy = SecurityHeaders::EMPTY.with(name, value).expect("it was taken before");
    let fields: Vec<_> = policy.fields().collect();
    let [field, more @ ..] = fields.as_slice() else { panic!("{name} was set") };
    assert_eq!(field.name(), name);
    // With a nonce, the policy sees to caching too.
    assert_eq!(
        more.iter().map(|field| field.name()).collect::<Vec<_>>(),
        if policy.needs_nonce() { &["cache-control"][..] } else { &[] }
    );
    let sent = field.to_string();
    wire::assert_value(&sent);
    assert_eq!(meaning::of(name, &sent), meaning::of(name, value), "{name}: {value:?} is sent as {sent:?}");

    let again = SecurityHeaders::EMPTY.with(name, &sent).expect("what is sent can be read");
    assert_eq!(again.fields().next().unwrap().to_string(), sent);
    assert_eq!(policy.without(name).unwrap().fields().count(), 0);
}

/// What is after a mark is sent as it is, and is safe to send.
fn unchecked(name: &str, value: &str) {
    let policy = SecurityHeaders::EMPTY.with(name, value).expect("it was taken before");
    let field = policy.fields().next().expect("it was set");
    let sent = field.to_string();
    wire::assert_value(&sent);
    let marks = value.matches(UNCHECKED).count();
    assert!(sent.matches(UNCHECKED).count() < marks, "{name}: {value:?} is sent as {sent:?}");
    let whole = value.trim_matches([' ', '\t']).strip_prefix(UNCHECKED);
    // A mark at the start is of the first part where there are parts, and then the type reads the rest.
    assert!(
        whole.is_some_and(|whole| whole == sent) || meaning::has_parts(name),
        "{name}: {value:?} is sent as {sent:?}"
    );
}

const POLICIES: [&str; 2] = ["content-security-policy", "content-security-policy-report-only"];

/// What a client reads before it has read the content.
const FRAMING: [&str; 5] = ["content-length", "transfer-encoding", "connection", "content-encoding", "content-type"];

fn custom<'a>(name: &'a str, value: &'a str) -> Option<CustomField<'a>> {
    let is_name = http::HeaderName::from_bytes(name.as_bytes()).is_ok_and(|parsed| parsed.as_str() == name);
    let field = CustomField::parse(name, value);
    let refused = field == Err(PolicyError::NotForAPolicy);
    assert_eq!(field.is_ok(), is_name && wire::is_value(value) && !refused, "{name:?}: {value:?}");
    assert!(!refused || is_name);
    assert!(refused || !FRAMING.contains(&name) && removable(name).is_ok() == is_name);
    let field = field.ok()?;
    assert_eq!((field.name(), field.value()), (name, value));
    Some(field)
}

/// A line for each field, and no line more.
fn together(policy: &SecurityHeaders<'_>, size: usize) {
    let given: Vec<_> = policy.fields().map(|field| (field.name().to_owned(), field.to_string())).collect();
    let block = buffers::exact(size, |buf| match policy.template(buf) {
        Ok(_) => Ok(buf[..policy.block_len()].to_vec()),
        Err(error) => Err(error.needed),
    });
    assert_eq!(wire::fields(&block), given);
    for (i, (name, _)) in given.iter().enumerate() {
        assert!(given[..i].iter().all(|(other, _)| other != name), "{name} stands once");
    }
    policy.lint().for_each(|lint| assert_eq!(lint.to_string().lines().count(), 1));
    let plain = policy.over(Scheme::Http);
    assert!(plain.fields().all(|field| !matches!(field.name(), "strict-transport-security" | "reporting-endpoints")));
    assert!(plain.fields().count() <= given.len());
    for field in plain.fields().filter(|field| POLICIES.contains(&field.name())) {
        let mut directives = csp3::policies(&field.to_string()).into_iter().flatten();
        assert!(
            directives.all(|(name, _)| name != "upgrade-insecure-requests" && name != "report-to"),
            "{} over HTTP",
            field.name()
        );
    }
}

/// A lint names every endpoint that a browser would not know; a policy that passes lets nobody share a nonce.
fn endpoints(policy: &SecurityHeaders<'_>) {
    let field = |name: &str| policy.fields().find(|field| field.name() == name).map(|field| field.to_string());
    let known: Vec<_> = field("reporting-endpoints")
        .iter()
        .flat_map(|value| meaning::dictionary(value))
        .map(|(name, _)| name)
        .collect();
    let mut named = SecurityHeaders::HEADERS
        .iter()
        .filter_map(|header| Some(meaning::endpoints(header, &field(header.name)?)))
        .flatten();
    let undefined = named.any(|name| !known.contains(&name));
    let told = policy.lint().any(|lint| lint.reason.starts_with("it names an endpoint"));
    assert_eq!(told, undefined);
    // Whether it is shared by a field that some caches look at first, as far as the other reader knows.
    let targeted: Vec<_> = policy
        .fields()
        .filter(|field| field.name().ends_with("-cache-control"))
        .map(|field| meaning::targeted_forbids_sharing(&field.to_string()))
        .collect();
    let shared = policy.needs_nonce()
        && (!targeted.is_empty() || field("cache-control").is_none_or(|value| !meaning::forbids_sharing(&value)));
    let surely = policy.needs_nonce() && targeted.contains(&Some(false));
    match policy.check() {
        Err(error) => assert_eq!((error, shared), (PolicyError::SharedNonce, true)),
        Ok(_) => assert!(!surely && (!shared || !targeted.is_empty())),
    }
}

/// An app's own `Cache-Control` and `CDN-Cache-Control`, which are anything at all. Shared caches must be kept from a nonce: a line
/// that does not surely forbid sharing allows it.
fn sharing(first: &str, second: &str) {
    const CSP: ContentSecurityPolicy<'_> = ContentSecurityPolicy::new(&[Directive::script_src(&[Source::NONCE])]);
    let policy = SecurityHeaders::EMPTY.content_security_policy(Some(CSP));
    for lines in [&[first][..], &[second], &[first, second]] {
        let mut merge = Merge::new(&policy, &MergeRules::DEFAULT, NonceForm::Fresh);
        let (mut caching, mut targeted) = (vec![], vec![]);
        for line in lines {
            caching.push((line.as_bytes(), merge.own(b"cache-control", line.as_bytes())));
            targeted.push((line.as_bytes(), merge.own(b"CDN-Cache-Control", line.as_bytes())));
        }
        assert!(merge.has_nonce() && !merge.adds_private());
        // As a cache joins the lines.
        let sent = |name: &[u8], lines: &[(&[u8], Own)]| {
            let text = |(line, own): &(&[u8], Own)| match own {
                Own::Keep => line.to_vec(),
                Own::KeepShared if !merge.makes_private(name) => line.to_vec(),
                Own::KeepShared => made_private(name, line).concat(),
                Own::Drop | Own::Fill | Own::LeaveOff => panic!("{line:?} was dropped"),
            };
            let lines: Vec<_> = lines.iter().map(text).collect();
            String::from_utf8_lossy(&lines.join(&b", "[..])).into_owned()
        };
        let targeted = sent(b"CDN-Cache-Control", &targeted);
        assert_ne!(meaning::targeted_forbids_sharing(&targeted), Some(false), "{targeted:?}");
        let each = |line: &&str| !meaning::forbids_sharing(line);
        let joined = sent(b"cache-control", &caching);
        if lines.iter().all(each) {
            assert!(joined.starts_with("private"), "{joined:?}");
        }
    }
}

fn hash(text: &str) {
    let hash = Hash::of(text);
    assert!(csp3::is_hash_source(hash.as_str()));
    assert_eq!(Source::parse(hash.as_str()), Ok(hash.source()));
    assert!(hash.source().is_hash() && hash.source().is_quoted() && !hash.source().is_nonce());
}
