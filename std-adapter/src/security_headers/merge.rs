//! Joining the app's own headers with the policy's.

use std::mem;

use http::header::Entry;
use http::{HeaderMap, HeaderName, HeaderValue};
use sallet_core::merge::{Merge, MergeRules, Own, PRIVATE, PolicyFields, Precedence};

use super::field_set::FieldSet;
use crate::RequestNonce;

pub(super) type Rules = MergeRules<Vec<HeaderName>>;

/// Joins them as the core decides. `has_nonce`: a layer further in has put one there. `left_off` are the fields that a layer further in has left off, and then those that the layer
/// around has to leave off.
pub(super) fn merge(
    headers: &mut HeaderMap,
    set: &FieldSet,
    nonce: Option<&RequestNonce>,
    rules: &Rules,
    status: u16,
    has_nonce: bool,
    left_off: &mut Vec<HeaderName>,
) {
    if !set.needs_nonce() && !has_nonce && left_off.is_empty() {
        return merge_fixed(headers, set, rules);
    }
    let mut merge = Merge::new(set, rules, status).beside_nonce(has_nonce);
    let own = mem::replace(headers, set.fixed.clone());
    left_off.retain(|name| {
        let stays_off = merge.left_off(name.as_str().as_bytes());
        if stays_off {
            headers.remove(name);
        }
        stays_off
    });
    put_own(headers, own, |name, value| merge.own(name.as_str().as_bytes(), value.as_bytes()));
    if set.needs_nonce() {
        for at in merge.additions().filter(|&at| set.has_nonce(at)) {
            headers.insert(set.name(at), set.value(at, nonce));
        }
    }
    if merge.is_private() {
        headers.append(PRIVATE.0, HeaderValue::from_static(PRIVATE.1));
    }
    left_off.extend(merge.leaves_off().map(|at| set.name(at).clone()));
}

/// [`merge`] where all that is to be decided is who wins: in less time.
fn merge_fixed(headers: &mut HeaderMap, set: &FieldSet, rules: &Rules) {
    // Either can be put into the other. An app's few fields into a copy of the policy's map is the usual case, and the fast
    // one: a copy hashes no name. But an app's field costs more there than a policy's costs here.
    if 3 * headers.keys_len() > 2 * set.fixed.keys_len() {
        return put_policy(headers, set, rules);
    }
    let own = mem::replace(headers, set.fixed.clone());
    let overriding = rules.precedence() == Precedence::Policy;
    put_own(headers, own, |name, _| {
        let goes = rules.remove().contains(name) || overriding && set.fixed.contains_key(name);
        if goes { Own::Drop } else { Own::Keep }
    });
}

/// Puts the app's fields among the policy's, each in place of the policy's of its name.
fn put_own(headers: &mut HeaderMap, own: HeaderMap, mut decide: impl FnMut(&HeaderName, &HeaderValue) -> Own) {
    let (mut name, mut private) = (None, Vec::new());
    for (next, value) in own {
        // The second and further values of a name come without it.
        let is_first = next.is_some();
        name = next.or(name);
        let Some(name) = &name else { continue };
        match decide(name, &value) {
            Own::Drop => continue,
            Own::KeepPrivate => private.push(name.clone()),
            Own::Keep => {}
        }
        if is_first {
            headers.insert(name, value);
        } else {
            headers.append(name, value);
        }
    }
    // Last: what a line begins, such as a quoted string, the next may end.
    for name in private {
        headers.append(name, HeaderValue::from_static(PRIVATE.1));
    }
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
    use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
    use sallet_core::{CacheControl, ContentSecurityPolicy, Directive, Scheme, SecurityHeaders, Source};

    const NAMES: [&str; 6] =
        ["x-frame-options", "cache-control", "cdn-cache-control", "server", "set-cookie", "content-security-policy"];

    const CSP: ContentSecurityPolicy<'_> = ContentSecurityPolicy::new(&[Directive::script_src(&[Source::NONCE])]);

    const POLICIES: [SecurityHeaders<'static>; 5] = [
        SecurityHeaders::STRICT,
        SecurityHeaders::STRICT.content_security_policy(Some(CSP)),
        SecurityHeaders::EMPTY.content_security_policy_report_only(Some(CSP)),
        SecurityHeaders::EMPTY,
        SecurityHeaders::EMPTY.cache_control(Some(CacheControl::NO_STORE)),
    ];

    /// Every app that sends each of six names no, one or two times, with few further fields and with many, a 200 and a 304, with
    /// a field left off further in and without: headers are joined as the core decides.
    #[test]
    fn every_small_app_gets_what_the_core_decides() {
        for policy in POLICIES {
            let plan = Plan::new(&policy).unwrap();
            let set = plan.over(Scheme::Https);
            for precedence in [Precedence::App, Precedence::Policy] {
                let all = [HeaderName::from_static("server"), HeaderName::from_static("x-powered-by"), CACHE_CONTROL];
                for remove in [all[..2].to_vec(), all.to_vec()] {
                    let rules = Rules::try_new(precedence, remove).unwrap();
                    for (code, more) in (0..3_usize.pow(6)).flat_map(|code| [(code, 0), (code, 20)]) {
                        let own = app(code, more);
                        for (status, nonce, left) in [
                            (200, false, vec![]),
                            (200, true, vec![]),
                            (304, false, vec![]),
                            (304, true, vec![CONTENT_SECURITY_POLICY]),
                        ] {
                            let (mut merged, mut left_off) = (own.clone(), left.clone());
                            merge(&mut merged, set, None, &rules, status, nonce, &mut left_off);
                            let (expected, expected_left) = decided(&own, set, &rules, status, nonce, left);
                            assert_eq!(lines(&merged), lines(&expected), "{own:?} {status}");
                            assert_eq!(left_off, expected_left, "{own:?} {status}");
                        }
                    }
                }
            }
        }
    }

    fn app(code: usize, more: usize) -> HeaderMap {
        let mut own = HeaderMap::new();
        for (at, name) in NAMES.iter().enumerate() {
            for line in 0..(code / 3_usize.pow(u32::try_from(at).unwrap()) % 3) {
                own.append(*name, HeaderValue::from_static(["public", "private"][(line + code) % 2]));
            }
        }
        for at in 0..more {
            own.append(HeaderName::try_from(format!("x-{at}")).unwrap(), HeaderValue::from_static("more"));
        }
        own
    }

    /// What the core decides, word by word.
    fn decided(
        own: &HeaderMap,
        set: &FieldSet,
        rules: &Rules,
        status: u16,
        has_nonce: bool,
        mut left_off: Vec<HeaderName>,
    ) -> (HeaderMap, Vec<HeaderName>) {
        let (mut joined, mut merge) = (HeaderMap::new(), Merge::new(set, rules, status).beside_nonce(has_nonce));
        let mut private = vec![];
        for (name, value) in own {
            let decided = merge.own(name.as_str().as_bytes(), value.as_bytes());
            if decided != Own::Drop {
                joined.append(name, value.clone());
            }
            if decided == Own::KeepPrivate {
                private.push(name);
            }
        }
        for name in private {
            joined.append(name, HeaderValue::from_static(PRIVATE.1));
        }
        left_off.retain(|name| merge.left_off(name.as_str().as_bytes()));
        for at in merge.additions() {
            assert!(joined.insert(set.name(at), set.value(at, None)).is_none());
        }
        if merge.is_private() {
            joined.append(PRIVATE.0, HeaderValue::from_static(PRIVATE.1));
        }
        left_off.extend(merge.leaves_off().map(|at| set.name(at).clone()));
        (joined, left_off)
    }

    /// Names in order, and the values of each in theirs.
    fn lines(map: &HeaderMap) -> Vec<(&HeaderName, Vec<&HeaderValue>)> {
        let mut lines: Vec<_> = map.keys().map(|name| (name, map.get_all(name).iter().collect())).collect();
        lines.sort_by_key(|(name, _)| name.as_str());
        lines
    }

    #[test]
    fn without_entropy_the_nonce_matches_no_script() {
        let plan = Plan::new(&SecurityHeaders::EMPTY.content_security_policy(Some(CSP))).unwrap();
        let mut headers = HeaderMap::new();
        let rules = Rules::try_new(Precedence::App, vec![]).unwrap();
        merge(&mut headers, plan.over(Scheme::Https), None, &rules, 200, false, &mut vec![]);
        assert_eq!(headers["content-security-policy"], "script-src 'nonce-{one-for-each-request}'");
        assert_eq!(headers["cache-control"], "private");
    }
}
