//! Joining the app's own headers with the policy's.

use std::mem;

use http::header::{CACHE_CONTROL, Entry};
use http::{HeaderMap, HeaderName, HeaderValue};
use sallet_core::allows_sharing;

use super::field_set::FieldSet;
use crate::Nonce;

/// Who wins, and what goes.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    /// The policy's header replaces the app's.
    pub(super) overriding: bool,
    /// Headers that the app may not send.
    pub(super) remove: Vec<HeaderName>,
}

pub(super) fn merge(headers: &mut HeaderMap, set: &FieldSet, nonce: Option<&Nonce>, rules: &Rules) {
    let policy = set.unfilled();
    let shareable = set.needs_nonce() && !rules.overriding && is_shareable(headers, &rules.remove);
    // Either map can be put into the other: whichever is shorter. An app's few fields into a copy of the policy's map is
    // the usual case, and the fast one, because copying a map hashes nothing.
    if headers.keys_len() <= policy.keys_len() {
        let own = mem::replace(headers, set.filled(nonce));
        put_own(headers, own, policy, rules);
    } else {
        for name in &rules.remove {
            headers.remove(name);
        }
        if set.needs_nonce() {
            put_policy(headers, &set.filled(nonce), rules.overriding);
        } else {
            put_policy(headers, policy, rules.overriding);
        }
    }
    if shareable {
        // A second line joins the app's list, and caches obey the strictest directive (RFC 9111, section 4.2.1).
        headers.append(CACHE_CONTROL, HeaderValue::from_static("private"));
    }
}

/// Puts the policy's fields among the app's.
fn put_policy(headers: &mut HeaderMap, policy: &HeaderMap, overriding: bool) {
    headers.reserve(policy.keys_len());
    for (name, value) in policy {
        match headers.entry(name) {
            Entry::Vacant(entry) => {
                entry.insert(value.clone());
            }
            Entry::Occupied(mut entry) if overriding => {
                entry.insert(value.clone());
            }
            Entry::Occupied(_) => {}
        }
    }
}

/// Puts the app's fields among the policy's.
fn put_own(headers: &mut HeaderMap, own: HeaderMap, policy: &HeaderMap, rules: &Rules) {
    let goes = |name: &HeaderName| rules.remove.contains(name) || (rules.overriding && policy.contains_key(name));
    if own.len() == own.keys_len() {
        for (name, value) in own {
            if let Some(name) = name
                && !goes(&name)
            {
                headers.insert(name, value);
            }
        }
        return;
    }
    // The second and further values of a name come without it.
    let mut repeated = None;
    for (name, value) in own {
        match name {
            Some(name) if goes(&name) => repeated = None,
            Some(name) => {
                headers.insert(&name, value);
                repeated = Some(name);
            }
            None => {
                if let Some(name) = &repeated {
                    headers.append(name, value);
                }
            }
        }
    }
}

/// Whether the app has ruled caching in a way that lets shared caches keep the response.
fn is_shareable(headers: &HeaderMap, remove: &[HeaderName]) -> bool {
    !remove.contains(&CACHE_CONTROL) && allows_sharing(headers.get_all(CACHE_CONTROL).iter().map(HeaderValue::as_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security_headers::field_set::Plan;
    use sallet_core::{CacheControl, ContentSecurityPolicy, Directive, Scheme, SecurityHeaders, Source};

    const NAMES: [&str; 7] = [
        "x-frame-options",
        "content-security-policy",
        "cache-control",
        "server",
        "x-powered-by",
        "set-cookie",
        "content-type",
    ];

    const POLICIES: [SecurityHeaders<'static>; 3] = [
        SecurityHeaders::STRICT,
        SecurityHeaders::EMPTY
            .content_security_policy(Some(ContentSecurityPolicy::new(&[Directive::script_src(&[Source::NONCE])]))),
        SecurityHeaders::EMPTY.cache_control(Some(CacheControl::NO_STORE)),
    ];

    /// What the rules say, word by word.
    fn model(own: &HeaderMap, set: &FieldSet, nonce: &Nonce, rules: &Rules) -> HeaderMap {
        let policy = set.filled(Some(nonce));
        let mut merged = HeaderMap::new();
        for (name, value) in own {
            let goes = rules.remove.contains(name) || (rules.overriding && policy.contains_key(name));
            if !goes {
                merged.append(name, value.clone());
            }
        }
        let shareable = merged.contains_key(CACHE_CONTROL)
            && !merged.get_all(CACHE_CONTROL).iter().any(|line| line == "private" || line == "no-store");
        if set.needs_nonce() && !rules.overriding && shareable {
            merged.append(CACHE_CONTROL, HeaderValue::from_static("private"));
        }
        for (name, value) in &policy {
            if !merged.contains_key(name) {
                merged.insert(name, value.clone());
            }
        }
        merged
    }

    fn values<'m>(map: &'m HeaderMap, name: &HeaderName) -> Vec<&'m HeaderValue> {
        map.get_all(name).iter().collect()
    }

    /// Every app that sends each of seven names no, one or two times, with few further fields and with many.
    #[test]
    fn every_small_app_gets_what_the_rules_say() {
        let nonce = Nonce::new([7; 16]);
        for policy in POLICIES {
            let plan = Plan::new(&policy).unwrap();
            let set = plan.over(Scheme::Https);
            for overriding in [false, true] {
                let all = [HeaderName::from_static("server"), HeaderName::from_static("x-powered-by"), CACHE_CONTROL];
                for remove in [all[..2].to_vec(), all.to_vec()] {
                    let rules = Rules { overriding, remove };
                    for code in 0..3_usize.pow(7) {
                        for more in [0, 20] {
                            check(set, &nonce, &rules, code, more);
                        }
                    }
                }
            }
        }
    }

    fn check(set: &FieldSet, nonce: &Nonce, rules: &Rules, code: usize, more: usize) {
        let mut own = HeaderMap::new();
        for (at, name) in NAMES.iter().enumerate() {
            for line in 0..(code / 3_usize.pow(u32::try_from(at).unwrap()) % 3) {
                let value = ["public", "private"][(line + code) % 2];
                own.append(*name, HeaderValue::from_static(value));
            }
        }
        for at in 0..more {
            own.append(HeaderName::try_from(format!("x-{at}")).unwrap(), HeaderValue::from_static("more"));
        }
        let expected = model(&own, set, nonce, rules);
        let mut merged = own.clone();
        merge(&mut merged, set, Some(nonce), rules);
        assert_eq!(merged.len(), expected.len(), "{own:?}: {merged:?}");
        for name in expected.keys() {
            assert_eq!(values(&merged, name), values(&expected, name), "{own:?}");
        }
    }

    #[test]
    fn without_entropy_the_nonce_matches_no_script() {
        let plan = Plan::new(&POLICIES[1]).unwrap();
        let mut headers = HeaderMap::new();
        merge(&mut headers, plan.over(Scheme::Https), None, &Rules { overriding: false, remove: vec![] });
        assert_eq!(headers["content-security-policy"], "script-src 'nonce-{one-for-each-request}'");
        assert_eq!(headers["cache-control"], "private");
    }
}
