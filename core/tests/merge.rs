//! The merge of an app's own fields with a policy: every small app, against the rules said word by word with a heap.

use sallet_core::merge::{Merge, MergeRules, Own, PolicyFields, Precedence, Sent, made_private};
use sallet_core::{
    CacheControl, ContentSecurityPolicy, CustomField, Directive, FieldKind, Nonce, NonceForm, PolicyError,
    SecurityHeaders, Source, XFrameOptions,
};

const NONCE: ContentSecurityPolicy<'static> = ContentSecurityPolicy::new(&[Directive::script_src(&[Source::NONCE])]);
const POLICIES: [SecurityHeaders<'static>; 5] = [
    SecurityHeaders::CLASSIC,
    SecurityHeaders::EMPTY.content_security_policy(Some(NONCE)).x_frame_options(Some(XFrameOptions::Deny)),
    SecurityHeaders::EMPTY.cache_control(Some(CacheControl::NO_STORE)),
    SecurityHeaders::EMPTY
        .content_security_policy_report_only(Some(NONCE))
        .custom(&[CustomField::new("cdn-cache-control", "no-store"), CustomField::new("x-custom", "1")]),
    SecurityHeaders::EMPTY.custom(&[
        CustomField::new("cdn-cache-control", "max-age=600"),
        CustomField::new("surrogate-control", "max-age=600"),
    ]),
];

/// What an app may send, as it is written on the wire.
const OWN: [(&str, &str); 10] = [
    ("X-Frame-Options", "SAMEORIGIN"),
    (" content-security-policy", "default-src *"),
    ("Content-Security-Policy-Report-Only", "script-src 'nonce-AAAAAAAAAAAAAAAAAAAAAA'"),
    ("content-security-policy", "script-src 'nonce-{one-for-each-request}'"),
    ("cache-control", "max-age=60"),
    ("Cache-Control", "private"),
    ("server", "apache"),
    ("CDN-Cache-Control", "max-age=60"),
    ("Surrogate-Control", "no-store"),
    ("set-cookie", "a=1"),
];

type Lines = Vec<(String, String)>;

fn lines(lines: &[(&str, &str)]) -> Lines {
    lines.iter().map(|(name, value)| (name.trim().to_ascii_lowercase(), (*value).to_owned())).collect()
}

/// A policy made ready, as hosts keep it.
struct Prepared(Vec<(String, String, FieldKind)>);

impl Prepared {
    fn of(policy: &SecurityHeaders<'_>) -> Self {
        Self(policy.fields().map(|field| (field.name().to_owned(), field.to_string(), field.kind())).collect())
    }
}

impl PolicyFields for Prepared {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn position(&self, name: &[u8]) -> Option<usize> {
        self.0.iter().position(|(known, ..)| known.as_bytes().eq_ignore_ascii_case(name))
    }

    fn kind(&self, at: usize) -> FieldKind {
        self.0[at].2
    }
}

/// One response, and what layers further in have told.
struct Case<'a> {
    form: NonceForm,
    nonce: Option<&'a Nonce>,
    own: Vec<(&'a str, &'a str)>,
    left: Vec<String>,
    sent: Sent,
}

/// Drives the machine as a host does. The second is what the layer around is told, the third what the app has displaced.
fn merged<F: PolicyFields>(fields: &F, texts: &Prepared, rules: &MergeRules, case: &Case<'_>) -> (Lines, Lines, Lines) {
    let private =
        |name: &str, value: &str| String::from_utf8(made_private(name.as_bytes(), value.as_bytes()).concat()).unwrap();
    let mut merge = Merge::new(fields, rules, case.form).with_nonce(case.nonce).around(case.sent);
    let (mut out, mut shared, mut left_off) = (Lines::new(), vec![], vec![]);
    for (name, value) in lines(&case.own) {
        match merge.own(format!(" {name}").as_bytes(), value.as_bytes()) {
            Own::Drop => continue,
            Own::LeaveOff => {
                left_off.push(name);
                continue;
            }
            Own::KeepShared => shared.push(out.len()),
            Own::Fill => {
                let nonce = if case.form == NonceForm::Fresh { case.nonce } else { None };
                out.push((
                    name,
                    nonce.map_or("constant".to_owned(), |nonce| value.replace(PLACEHOLDER, nonce.as_str())),
                ));
                continue;
            }
            Own::Keep => {}
        }
        out.push((name, value));
    }
    left_off.extend(case.left.iter().filter(|name| merge.left_off(name.as_bytes())).cloned());
    for at in shared {
        if merge.makes_private(out[at].0.as_bytes()) {
            out[at].1 = private(&out[at].0, &out[at].1);
        }
    }
    for at in merge.additions() {
        let (name, value, kind) = &texts.0[at];
        let made = *kind == FieldKind::Shared && merge.makes_private(name.as_bytes());
        out.push((name.clone(), if made { private(name, value) } else { value.clone() }));
    }
    if merge.adds_private() {
        out.extend(lines(&[("cache-control", "private")]));
    }
    let names = |all: Vec<usize>| all.iter().map(|&at| (texts.0[at].0.clone(), String::new())).collect::<Lines>();
    left_off.extend(merge.leaves_off().map(|at| texts.0[at].0.clone()));
    (out, left_off.into_iter().map(|name| (name, String::new())).collect(), names(merge.displaced().collect()))
}

const PLACEHOLDER: &str = "{one-for-each-request}";

/// The rules, word by word.
fn model(policy: &Prepared, rules: &MergeRules, case: &Case<'_>) -> (Lines, Lines, Lines) {
    let is_304 = case.form == NonceForm::LeftOff;
    let find = |name: &str| policy.0.iter().find(|(known, ..)| known == name);
    let is_policy = |name: &str| name.starts_with("content-security-policy");
    let removed = |name: &str| rules.remove().contains(&name);
    let overridden = |name: &str| rules.precedence() == Precedence::Policy && find(name).is_some();
    let adds = |name: &str| rules.precedence() == Precedence::Add && is_policy(name);
    let in_own = |value: &str| case.nonce.is_some_and(|nonce| value.contains(nonce.as_str()));
    let goes = |kind: FieldKind| is_304 && kind == FieldKind::Nonce;

    // What is left of the app's own.
    let (mut own, mut left) = (Lines::new(), vec![]);
    for (name, value) in lines(&case.own) {
        let pair_goes = adds(&name) && find(&name).is_some_and(|(.., kind)| goes(*kind));
        if removed(&name) || overridden(&name) || pair_goes {
        } else if is_304 && is_policy(&name) && (value.contains(PLACEHOLDER) || in_own(&value)) {
            left.push(name);
        } else {
            own.push((name, value));
        }
    }
    left.extend(case.left.iter().filter(|name| is_304 && !removed(name) && !overridden(name)).cloned());
    // What the policy adds.
    let (mut added, mut displaced, mut waiting) = (vec![], vec![], vec![]);
    for (name, value, kind) in &policy.0 {
        if left.contains(name) {
        } else if own.iter().any(|(known, _)| known == name) && !adds(name) {
            displaced.push(name.clone());
        } else if goes(*kind) || *kind == FieldKind::Private {
            waiting.push((name.clone(), value.clone(), *kind));
        } else {
            added.push((name.clone(), value.clone(), *kind));
        }
    }
    // The nonce, and what caches are told of it.
    let nonce = if case.form == NonceForm::Fresh { case.nonce } else { None };
    let in_own = |(name, value): &(String, String)| {
        is_policy(name) && (in_own(value) || nonce.is_some() && value.contains(PLACEHOLDER))
    };
    let has_nonce = !is_304 && (own.iter().any(in_own) || added.iter().any(|(.., kind)| *kind == FieldKind::Nonce));
    // A policy's own `private` is there for its nonce alone.
    let leaves = waiting.iter().any(|(.., kind)| *kind == FieldKind::Nonce);
    for field in waiting {
        if is_304 && leaves {
            left.push(field.0);
        } else if has_nonce {
            added.push(field);
        }
    }
    let says_private = own.contains(&("cache-control".to_owned(), "private".to_owned()));
    let mut out = Lines::new();
    for (name, value) in own {
        let value = match (&*name, &*value) {
            ("cache-control", "max-age=60") if has_nonce && !says_private => "private, max-age=60".to_owned(),
            ("cdn-cache-control", "max-age=60") if has_nonce => "max-age=60, private".to_owned(),
            (_, text) if text.contains(PLACEHOLDER) => match nonce {
                Some(nonce) => text.replace(PLACEHOLDER, nonce.as_str()),
                None => "constant".to_owned(),
            },
            _ => value,
        };
        out.push((name, value));
    }
    for (name, value, _) in added {
        let value = match (&*name, &*value) {
            ("cdn-cache-control", "max-age=600") if has_nonce => "max-age=600, private".to_owned(),
            ("surrogate-control", "max-age=600") if has_nonce => "no-store, max-age=600".to_owned(),
            _ => value,
        };
        out.push((name, value));
    }
    if has_nonce && !out.iter().any(|(name, _)| name == "cache-control") {
        out.extend(lines(&[("cache-control", "private")]));
    }
    let names = |all: Vec<String>| all.into_iter().map(|name| (name, String::new())).collect();
    (out, names(left), names(displaced))
}

/// Lines of one name in theirs; those of different names need not be.
fn in_order(mut result: (Lines, Lines, Lines)) -> (Lines, Lines, Lines) {
    for lines in [&mut result.0, &mut result.1, &mut result.2] {
        lines.sort_by(|(a, _), (b, _)| a.cmp(b));
    }
    result
}

#[test]
fn every_small_app_gets_what_the_rules_say() {
    let removals: [&'static [&'static str]; 3] =
        [MergeRules::REMOVED, &[], &["cache-control", "content-security-policy", "cdn-cache-control"]];
    let nonce = Nonce::new([0; 16]);
    let mut seen = 0;
    for policy in &POLICIES {
        for form in [NonceForm::Fresh, NonceForm::WithoutNonce, NonceForm::LeftOff] {
            if form == NonceForm::WithoutNonce && policy.needs_nonce() {
                continue; // the host gives the constant one, which is like any other without a nonce
            }
            let prepared = Prepared::of(policy);
            for (precedence, remove) in [Precedence::App, Precedence::Policy, Precedence::Add]
                .into_iter()
                .flat_map(|precedence| removals.map(|remove| (precedence, remove)))
            {
                let rules = MergeRules::try_new(precedence, remove).unwrap();
                for code in 0..1_usize << OWN.len() {
                    let own: Vec<_> =
                        OWN.iter().enumerate().filter(|(at, _)| code >> at & 1 == 1).map(|(_, line)| *line).collect();
                    let lefts = [vec![], vec!["content-security-policy".to_owned(), "x-other".to_owned()]];
                    for left in lefts.into_iter().take(if form == NonceForm::LeftOff { 2 } else { 1 }) {
                        let nonce = (policy.needs_nonce() || code % 3 > 0).then_some(&nonce);
                        let case = Case { form, nonce, own: own.clone(), left, sent: Sent::default() };
                        let found = merged(&prepared, &prepared, &rules, &case);
                        let expected = model(&prepared, &rules, &case);
                        assert_eq!(in_order(found.clone()), in_order(expected), "{own:?} {rules:?} {form:?}");
                        if code % 61 == 0 {
                            assert_eq!(found, merged(policy, &prepared, &rules, &case), "{own:?} {rules:?} {form:?}");
                        }
                        seen += 1;
                    }
                }
            }
        }
    }
    assert_eq!(seen, (5 * 3 + 3) * 9 * 1024);
}

/// The policy of a layer, the fields that come from further in, and what they say of themselves.
fn layer(
    policy: &SecurityHeaders<'_>,
    precedence: Precedence,
    own: &Lines,
    sent: Sent,
    nonce: Option<&Nonce>,
) -> (Lines, Sent) {
    let (prepared, rules) = (Prepared::of(policy), MergeRules::try_new(precedence, MergeRules::REMOVED).unwrap());
    let own: Vec<_> = own.iter().map(|(name, value)| (&**name, &**value)).collect();
    let mut merge = Merge::new(&prepared, &rules, NonceForm::Fresh).with_nonce(nonce).around(sent);
    for (name, value) in &own {
        merge.own(name.as_bytes(), value.as_bytes());
    }
    let sent_now = merge.sent();
    let (mut out, ..) =
        merged(&prepared, &prepared, &rules, &Case { form: NonceForm::Fresh, nonce, own, left: vec![], sent });
    if let Some(nonce) = nonce {
        out.iter_mut().for_each(|(_, value)| *value = value.replace(PLACEHOLDER, nonce.as_str()));
    }
    (out, sent_now)
}

fn all(lines: &Lines, name: &str) -> Vec<String> {
    lines.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone()).collect()
}

const CSP: &str = "content-security-policy";

#[test]
fn a_policy_is_added_to_the_apps_own_and_not_to_that_of_a_layer_further_in() {
    const OUTER: SecurityHeaders<'_> = SecurityHeaders::CLASSIC;
    const INNER: SecurityHeaders<'_> =
        SecurityHeaders::EMPTY.content_security_policy(Some(ContentSecurityPolicy::from_text("img-src 'none'")));
    let own = lines(&[(CSP, "frame-ancestors 'none'"), ("x-frame-options", "SAMEORIGIN")]);

    let (added, sent) = layer(&OUTER, Precedence::Add, &own, Sent::default(), None);
    assert_eq!(all(&added, CSP), ["frame-ancestors 'none'", "default-src 'self'"]);
    assert_eq!(all(&added, "x-frame-options"), ["SAMEORIGIN"]);

    // A third layer adds nothing to that, nor to what the second has sent alone.
    let (again, _) = layer(&INNER, Precedence::Add, &added, sent, None);
    assert_eq!(all(&again, CSP), ["frame-ancestors 'none'", "default-src 'self'"]);
    let (inner, sent) = layer(&INNER, Precedence::Add, &Lines::new(), Sent::default(), None);
    let (outer, sent) = layer(&OUTER, Precedence::Add, &inner, sent, None);
    assert_eq!(all(&outer, CSP), ["img-src 'none'"]);

    // Where a layer in between has replaced it, its own is what comes from a layer.
    let (replaced, sent) = layer(&OUTER, Precedence::Policy, &outer, sent, None);
    assert_eq!(all(&replaced, CSP), ["default-src 'self'"]);
    assert_eq!(all(&layer(&INNER, Precedence::Add, &replaced, sent, None).0, CSP), ["default-src 'self'"]);

    // The app's own that was left alone is the app's.
    let (kept, sent) = layer(&OUTER, Precedence::App, &own, Sent::default(), None);
    assert_eq!(
        all(&layer(&INNER, Precedence::Add, &kept, sent, None).0, CSP),
        ["frame-ancestors 'none'", "img-src 'none'"]
    );
}

#[test]
fn a_layer_around_makes_private_what_it_adds_to_a_nonce_and_only_then() {
    let nonce = Nonce::new([0; 16]);
    let inner = SecurityHeaders::EMPTY.content_security_policy(Some(NONCE));
    let cdn = [CustomField::new("cdn-cache-control", "max-age=600")];
    let outer = SecurityHeaders::EMPTY.custom(&cdn).cache_control(Some(CacheControl::parse("public").unwrap()));
    let (page, sent) = layer(&inner, Precedence::App, &Lines::new(), Sent::default(), Some(&nonce));
    for (precedence, caching) in [(Precedence::App, "private"), (Precedence::Policy, "private, public")] {
        let (out, _) = layer(&outer, precedence, &page, sent, Some(&nonce));
        assert_eq!(all(&out, "cache-control"), [caching]);
        assert_eq!(all(&out, "cdn-cache-control"), ["max-age=600, private"]);
    }
    // The inner policy is replaced, and with it the nonce.
    let outer = outer.content_security_policy(Some(ContentSecurityPolicy::STRICT));
    let (out, _) = layer(&outer, Precedence::Policy, &page, sent, Some(&nonce));
    assert_eq!(all(&out, "cache-control"), ["public"]);
    assert_eq!(all(&out, "cdn-cache-control"), ["max-age=600"]);
    // The inner layer had drawn one, and the app's own policy won.
    let own = lines(&[(CSP, "default-src 'self'"), ("cache-control", "max-age=60")]);
    let (out, _) = layer(&inner, Precedence::App, &own, Sent::default(), Some(&nonce));
    assert_eq!(all(&out, "cache-control"), ["max-age=60"]);
}

#[test]
fn a_policy_has_as_many_fields_as_the_bit_set() {
    let names: Vec<_> = (0..200).map(|at| format!("x-{at}")).collect();
    let fields: Vec<_> = names.iter().map(|name| CustomField::parse(name, "1").unwrap()).collect();
    let room = SecurityHeaders::MAX_FIELDS - SecurityHeaders::NAMES.len();
    assert_eq!(SecurityHeaders::EMPTY.try_custom(&fields[..=room]).unwrap_err(), PolicyError::TooManyFields);
    let policy = SecurityHeaders::API.try_custom(&fields[..room]).unwrap();
    let mut merge = Merge::new(&policy, &MergeRules::DEFAULT, NonceForm::Fresh);
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

/// Caches join lines of one name, so a quoted string that never ends takes in what the next line says.
#[test]
fn what_is_private_in_quotes_alone_keeps_no_cache_off() {
    let nonce = Nonce::new([0; 16]);
    let policy = SecurityHeaders::EMPTY.content_security_policy(Some(NONCE));
    for (own, sent) in [
        (&["max-age=60, x=\"", "private"][..], &["private, max-age=60, x=\"", "private"][..]),
        (&["max-age=60", "x=\"\\\"", "no-store"], &["private, max-age=60", "x=\"\\\"", "no-store"]),
        // A cache that knows the status ignores no-store next to must-understand (RFC 9111 section 5.2.2.3), on whichever line.
        (&["no-store", "must-understand, max-age=60"], &["no-store", "private, must-understand, max-age=60"]),
        (&["must-understand", "no-store"], &["private, must-understand", "no-store"]),
        (&["no-store", "must-understand", "private"], &["no-store", "must-understand", "private"]),
        (&["private", "x=\""], &["private", "x=\""]),
        (&["max-age=60, x=\"a\"", "private"], &["max-age=60, x=\"a\"", "private"]),
    ] {
        let own: Vec<_> = own.iter().map(|value| ("cache-control", *value)).collect();
        let (out, _) = layer(&policy, Precedence::App, &lines(&own), Sent::default(), Some(&nonce));
        assert_eq!(all(&out, "cache-control"), sent);
    }
}
