//! Joining the app's own headers with the policy's.

use std::{mem, ptr};

use http::header::{CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY_REPORT_ONLY, Entry};
use http::{HeaderMap, HeaderName, HeaderValue};
use sallet_core::merge::{Merge, MergeRules, Own, PRIVATE, PolicyFields, Precedence, Sent, is_caching, made_private};
use sallet_core::{ContentSecurityPolicy, FieldKind, NonceForm, Scheme};

use super::field_set::{FieldSet, Plan};
use crate::RequestNonce;

pub(super) type Rules = MergeRules<Vec<HeaderName>>;

/// What is joined with the app's own, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start<'a> {
    pub(super) plan: &'a Plan,
    pub(super) rules: &'a Rules,
    pub(super) scheme: Scheme,
    pub(super) form: NonceForm,
    /// That of the request, if one was drawn.
    pub(super) nonce: Option<&'a RequestNonce>,
    /// Whether a layer around wants to know what was [sent](Sent).
    pub(super) asked: bool,
}

/// What a layer tells the one around, in the extensions of the response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// The fields that were left off a 304.
    pub(super) left_off: Vec<HeaderName>,
    pub(super) sent: Sent,
}

/// Joins them as the core decides. `told` comes from a layer further in, and what is returned goes to the one around.
pub(super) fn merge(headers: &mut HeaderMap, start: &Start<'_>, told: Option<Told>) -> Option<Told> {
    let set = start.plan.fields(start.scheme, start.form);
    if !is_usual(headers, start, told.as_ref(), set) {
        let mut told = told.unwrap_or_default();
        merge_any(headers, start, &mut told, set);
        return (told != Told::default()).then_some(told);
    }
    if set.needs_nonce() {
        join_beside_nonce(headers, set, start);
    } else {
        join(headers, set, start.rules);
    }
    start.asked.then(|| Told { left_off: Vec::new(), sent: Sent::all(set) })
}

/// Whether all that is to be decided is who wins, and what caches may share.
fn is_usual(headers: &HeaderMap, start: &Start<'_>, told: Option<&Told>, set: &FieldSet) -> bool {
    let leaves_off = start.form == NonceForm::LeftOff && set.needs_nonce();
    // By each name, which are few: looking two up takes longer.
    let has_policy =
        || headers.keys().any(|name| *name == CONTENT_SECURITY_POLICY || *name == CONTENT_SECURITY_POLICY_REPORT_ONLY);
    start.rules.precedence() != Precedence::Add
        && told.is_none_or(|told| told.left_off.is_empty())
        && !leaves_off
        && !has_policy()
}

fn merge_any(headers: &mut HeaderMap, start: &Start<'_>, told: &mut Told, set: &FieldSet) {
    let Start { rules, form, .. } = *start;
    let nonce = start.nonce.map(RequestNonce::core);
    let mut merge = Merge::new(set, rules, form).with_nonce(nonce).around(told.sent);
    let own = mem::take(headers);
    told.left_off.retain(|name| merge.left_off(name.as_str().as_bytes()));
    let mut joined = HeaderMap::with_capacity(own.len() + set.count());
    let mut shared = Vec::new();
    let mut name = None;
    for (next, value) in own {
        // The second and further values of a name come without it.
        name = next.or(name);
        let Some(name) = &name else { continue };
        let value = match merge.own(name.as_str().as_bytes(), value.as_bytes()) {
            Own::Keep => value,
            Own::KeepShared => {
                shared.push((name.clone(), joined.get_all(name).iter().count()));
                value
            }
            Own::Fill => match filled(&value, start) {
                Some(value) => value,
                None => continue,
            },
            Own::Drop => continue,
            Own::LeaveOff => {
                told.left_off.push(name.clone());
                continue;
            }
        };
        joined.append(name, value);
    }
    make_private(&mut joined, shared, |name| merge.makes_private(name));
    for at in merge.additions() {
        let (name, value) = (set.name(at), set.value(at, start.nonce));
        let made_private = set.kind(at) == FieldKind::Shared && merge.makes_private(name.as_str().as_bytes());
        joined.append(name, if made_private { private(name, &value) } else { value });
    }
    if merge.adds_private() {
        joined.insert(PRIVATE.0, HeaderValue::from_static(PRIVATE.1));
    }
    told.left_off.extend(merge.leaves_off().map(|at| set.name(at).clone()));
    told.sent = if start.asked { merge.sent() } else { Sent::default() };
    *headers = joined;
}

fn private(name: &HeaderName, value: &HeaderValue) -> HeaderValue {
    let text = made_private(name.as_str().as_bytes(), value.as_bytes()).concat();
    HeaderValue::try_from(text).expect("what was a value still is one")
}

/// An app's own policy with the nonce of the request, if something is left of it.
fn filled(value: &HeaderValue, start: &Start<'_>) -> Option<HeaderValue> {
    let nonce = start.nonce.map(RequestNonce::core).filter(|_| start.form == NonceForm::Fresh);
    let own = ContentSecurityPolicy::own(value.as_bytes(), start.scheme, nonce);
    let mut text = vec![0; own.value_len()];
    let Ok(text) = own.write(&mut text) else { unreachable!("value_len is exact") };
    (!text.is_empty()).then(|| HeaderValue::from_bytes(text).expect("the words of a value are one"))
}

/// Joins where the policy has a nonce, and the app no policy: all that has one is sent, and no cache may share it.
fn join_beside_nonce(headers: &mut HeaderMap, set: &FieldSet, start: &Start<'_>) {
    let mut merge = Merge::new(set, start.rules, start.form);
    let mut shared = Vec::new();
    for (name, value, line) in numbered(headers.iter()) {
        let bytes = name.as_str().as_bytes();
        if is_caching(bytes) && merge.own(bytes, value.as_bytes()) == Own::KeepShared {
            shared.push((name.clone(), line));
        }
    }
    make_private(headers, shared, |name| merge.makes_private(name));
    join(headers, set, start.rules);
    for at in (0..set.count()).filter(|&at| set.kind(at) == FieldKind::Nonce) {
        headers.insert(set.name(at), set.value(at, start.nonce));
    }
}

/// Each line with its number among those of its name.
fn numbered<'a, V>(
    lines: impl Iterator<Item = (&'a HeaderName, V)>,
) -> impl Iterator<Item = (&'a HeaderName, V, usize)> {
    let (mut last, mut number) = (None, 0);
    lines.map(move |(name, value)| {
        // A map lends one and the same name for all lines of it, which come one after the other.
        number = if last.is_some_and(|last| ptr::eq(last, name)) { number + 1 } else { 0 };
        last = Some(name);
        (name, value, number)
    })
}

/// Makes those of the lines private that have to be, each known by its name and its number among those of the name.
fn make_private(headers: &mut HeaderMap, lines: Vec<(HeaderName, usize)>, has_to_be: impl Fn(&[u8]) -> bool) {
    for (name, line) in lines {
        if has_to_be(name.as_str().as_bytes())
            && let Entry::Occupied(mut entry) = headers.entry(&name)
            && let Some(value) = entry.iter_mut().nth(line)
        {
            *value = private(&name, value);
        }
    }
}

/// Joins the fields that are the same in every response with the app's.
fn join(headers: &mut HeaderMap, set: &FieldSet, rules: &Rules) {
    // Either can be put into the other. An app's few fields into a copy of the policy's map is the usual case, and the fast
    // one: a copy hashes no name. But an app's field costs more there than a policy's costs here.
    if 3 * headers.keys_len() > 2 * set.fixed.keys_len() {
        put_policy(headers, set, rules);
    } else {
        put_own(headers, set, rules);
    }
}

/// Puts the app's fields among the policy's, each in place of the policy's of its name.
fn put_own(headers: &mut HeaderMap, set: &FieldSet, rules: &Rules) {
    let overriding = rules.precedence() == Precedence::Policy;
    let mut joined = set.copy_for(headers);
    let taken = |value| mem::replace(value, HeaderValue::from_static(""));
    // Only values move: to take the map apart takes longer.
    for (name, value, line) in numbered(headers.iter_mut()) {
        if rules.remove().contains(name) || overriding && set.fixed.contains_key(name) {
            continue;
        }
        if line > 0 {
            joined.append(name, taken(value));
        } else if let Some(place) = joined.get_mut(name) {
            mem::swap(place, value);
        } else {
            joined.insert(name, taken(value));
        }
    }
    *headers = joined;
}

/// Puts the policy's fields among the app's.
fn put_policy(headers: &mut HeaderMap, set: &FieldSet, rules: &Rules) {
    for name in rules.remove() {
        headers.remove(name);
    }
    headers.reserve(set.fixed.keys_len());
    for (name, value) in &set.fixed {
        match headers.entry(name) {
            Entry::Vacant(entry) => {
                entry.insert(value.clone());
            }
            Entry::Occupied(mut entry) if rules.precedence() == Precedence::Policy => {
                entry.insert(value.clone());
            }
            Entry::Occupied(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security_headers::field_set::Plan;
    use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
    use sallet_core::{CacheControl, CustomField, Directive, SecurityHeaders, Source};

    const NAMES: [&str; 6] =
        ["x-frame-options", "cache-control", "cdn-cache-control", "server", "set-cookie", "content-security-policy"];

    const CSP: ContentSecurityPolicy<'_> = ContentSecurityPolicy::new(&[Directive::script_src(&[Source::NONCE])]);

    const POLICIES: [SecurityHeaders<'static>; 5] = [
        SecurityHeaders::STRICT,
        SecurityHeaders::STRICT.content_security_policy(Some(CSP)),
        SecurityHeaders::EMPTY.content_security_policy_report_only(Some(CSP)),
        SecurityHeaders::EMPTY.cache_control(Some(CacheControl::NO_STORE)),
        SecurityHeaders::EMPTY.custom(&[CustomField::new("cdn-cache-control", "max-age=600")]),
    ];

    /// Every app that sends each of six names no, one or two times, with few further fields and with many, a 200 and a 304, with
    /// a field left off further in and without: headers are joined as the core decides.
    #[test]
    fn every_small_app_gets_what_the_core_decides() {
        let drawn = RequestNonce::new([0; 16]);
        for policy in POLICIES {
            let plan = Plan::new(&policy).unwrap();
            for precedence in [Precedence::App, Precedence::Policy, Precedence::Add] {
                let all = [HeaderName::from_static("server"), HeaderName::from_static("x-powered-by"), CACHE_CONTROL];
                for remove in [all[..2].to_vec(), all.to_vec()] {
                    let rules = Rules::try_new(precedence, remove).unwrap();
                    for (code, more) in (0..3_usize.pow(6)).map(|code| (code, [0, 20, 0, 5][code % 4])) {
                        let own = app(code, more);
                        for (form, nonce, asked, left_off) in [
                            (NonceForm::WithoutNonce, None, false, vec![]),
                            (NonceForm::WithoutNonce, None, true, vec![]),
                            (NonceForm::Fresh, Some(&drawn), false, vec![]),
                            (NonceForm::Fresh, Some(&drawn), true, vec![]),
                            (NonceForm::WithoutNonce, Some(&drawn), true, vec![]),
                            (NonceForm::LeftOff, None, true, vec![]),
                            (NonceForm::LeftOff, Some(&drawn), true, vec![CONTENT_SECURITY_POLICY]),
                        ] {
                            let start = Start { plan: &plan, rules: &rules, scheme: Scheme::Https, form, nonce, asked };
                            let mut merged = own.clone();
                            let told = Told { left_off, sent: Sent::default() };
                            let (expected, expected_told) = decided(&own, &start, told.clone());
                            let told = merge(&mut merged, &start, Some(told)).unwrap_or_default();
                            assert_eq!(
                                lines(&merged),
                                lines(expected.iter().map(|(name, value)| (name, value))),
                                "{own:?} {start:?}"
                            );
                            assert_eq!(told, expected_told, "{own:?} {start:?}");
                        }
                    }
                }
            }
        }
    }

    fn value(name: &str, code: usize) -> HeaderValue {
        let policies =
            ["script-src 'nonce-{one-for-each-request}'", "script-src 'nonce-AAAAAAAAAAAAAAAAAAAAAA'", "img-src *"];
        HeaderValue::from_static(match name {
            "content-security-policy" => policies[code % 3],
            _ => ["public", "private"][code % 2],
        })
    }

    fn app(code: usize, more: usize) -> HeaderMap {
        let mut own = HeaderMap::new();
        for (at, name) in NAMES.iter().enumerate() {
            for line in 0..(code / 3_usize.pow(u32::try_from(at).unwrap()) % 3) {
                own.append(*name, value(name, line + code));
            }
        }
        // Both, either, none, and a second type.
        for name in [
            &[CONTENT_TYPE, CONTENT_LENGTH, CONTENT_TYPE][..],
            &[CONTENT_LENGTH, CONTENT_TYPE],
            &[CONTENT_TYPE],
            &[CONTENT_LENGTH],
            &[],
        ][code % 5]
        {
            own.append(name, HeaderValue::from_static("usual"));
        }
        for at in 0..more {
            own.append(HeaderName::try_from(format!("x-{at}")).unwrap(), HeaderValue::from_static("more"));
        }
        own
    }

    /// What the core decides, word by word, into a list.
    fn decided(own: &HeaderMap, start: &Start<'_>, mut told: Told) -> (Vec<(HeaderName, HeaderValue)>, Told) {
        let set = start.plan.fields(start.scheme, start.form);
        let nonce = start.nonce.map(RequestNonce::core);
        let mut merge = Merge::new(set, start.rules, start.form).with_nonce(nonce).around(told.sent);
        told.left_off.retain(|name| merge.left_off(name.as_str().as_bytes()));
        let (mut joined, mut shared) = (vec![], vec![]);
        for (name, value) in own {
            match merge.own(name.as_str().as_bytes(), value.as_bytes()) {
                Own::Keep => {}
                Own::KeepShared => shared.push(joined.len()),
                Own::Fill => {
                    joined.extend(filled(value, start).map(|value| (name.clone(), value)));
                    continue;
                }
                Own::Drop => continue,
                Own::LeaveOff => {
                    told.left_off.push(name.clone());
                    continue;
                }
            }
            joined.push((name.clone(), value.clone()));
        }
        for at in shared {
            let (name, value) = &mut joined[at];
            if merge.makes_private(name.as_str().as_bytes()) {
                *value = private(name, value);
            }
        }
        for at in merge.additions() {
            let (name, value) = (set.name(at).clone(), set.value(at, start.nonce));
            let goes = set.kind(at) == FieldKind::Shared && merge.makes_private(name.as_str().as_bytes());
            joined.push((name.clone(), if goes { private(&name, &value) } else { value }));
        }
        if merge.adds_private() {
            joined.push((CACHE_CONTROL, HeaderValue::from_static("private")));
        }
        told.left_off.extend(merge.leaves_off().map(|at| set.name(at).clone()));
        told.sent = if start.asked { merge.sent() } else { Sent::default() };
        (joined, told)
    }

    /// Names in order, and the values of each in theirs.
    fn lines<'a>(fields: impl IntoIterator<Item = (&'a HeaderName, &'a HeaderValue)>) -> Vec<(String, String)> {
        let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        let mut lines: Vec<_> = fields.into_iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        lines.sort_by(|(a, _), (b, _)| a.cmp(b));
        lines
    }
}
