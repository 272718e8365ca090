//! Headers that say one thing: missing, dated, or weaker than the default.

use super::{Found, Lint};
use crate::cursor::Cursor;
use crate::headers::{XXssProtection, is_slip};
use crate::policy::{SecurityHeaders, Slot, presets};
use crate::render_const;

/// The remedy for a site that is not kept on HTTPS: what the presets send.
const SEND_HSTS: &str = render_const::text(&send_hsts::<{ send_hsts::<0>().1 }>().0);

const fn send_hsts<const N: usize>() -> ([u8; N], usize) {
    let mut text = [0; N];
    let mut out = Cursor::new(&mut text);
    out.put(b"send ");
    presets::HSTS.render(&mut out);
    let length = out.written();
    (text, length)
}

const HALF_A_YEAR: u64 = 180 * 24 * 60 * 60;

pub(super) fn lints<'a>(policy: &SecurityHeaders<'a>, found: Found<'_, 'a>) {
    const HSTS: &str = "strict-transport-security";
    match policy.strict_transport_security {
        Slot::Unset => found(Lint::medium(HSTS, "the first request of a visit may go over HTTP", SEND_HSTS)),
        Slot::Checked(hsts) if hsts.max_age() < HALF_A_YEAR => {
            found(Lint::medium(HSTS, "browsers forget it in less than half a year", SEND_HSTS).of("max-age"));
        }
        _ => {}
    }
    if !policy.x_content_type_options.is_set() {
        found(Lint::medium("x-content-type-options", "browsers may run an upload as a script", "add nosniff"));
    }
    const REFERRER: &str = "referrer-policy";
    match policy.referrer_policy {
        Slot::Unset => found(Lint::low(
            REFERRER,
            "the browser decides how much of a page's address other sites learn",
            "add strict-origin-when-cross-origin",
        )),
        Slot::Checked(words) => {
            if let weak @ ("unsafe-url" | "no-referrer-when-downgrade" | "origin-when-cross-origin") = words.last() {
                found(
                    Lint::medium(
                        REFERRER,
                        "it tells others more than a browser does by default",
                        "use strict-origin-when-cross-origin",
                    )
                    .at(weak),
                );
            }
        }
        Slot::Unchecked(_) => {}
    }
    if let Some(on @ (XXssProtection::On | XXssProtection::Block)) = policy.x_xss_protection.checked() {
        found(
            Lint::low(
                "x-xss-protection",
                "the filter could be made to block a page's own scripts, and browsers have removed it",
                "use 0",
            )
            .at(on.as_str()),
        );
    }
    if policy.clear_site_data.is_set() {
        found(Lint::medium(
            "clear-site-data",
            "on every response it empties caches and signs users out again and again",
            "send it by a path rule, on the answer of the sign-out alone",
        ));
    }
    if let Some(cache_control) = policy.cache_control.checked() {
        for name in cache_control.directives().filter(|name| !is_known(name)) {
            found(
                Lint::low("cache-control", "no cache knows this directive", "remove it if no cache of yours reads it")
                    .of(name)
                    .near(CACHE_DIRECTIVES.iter().copied().find(|known| is_slip(name, known))),
            );
        }
    }
    custom(policy, found);
}

/// The registry of cache directives (RFC 9111, section 5.2.2, RFC 5861 and RFC 8246), those of responses.
const CACHE_DIRECTIVES: &[&str] = &[
    "immutable",
    "max-age",
    "must-revalidate",
    "must-understand",
    "no-cache",
    "no-store",
    "no-transform",
    "private",
    "proxy-revalidate",
    "public",
    "s-maxage",
    "stale-if-error",
    "stale-while-revalidate",
];

fn is_known(directive: &str) -> bool {
    CACHE_DIRECTIVES.iter().any(|known| directive.eq_ignore_ascii_case(known))
}

fn custom<'a>(policy: &SecurityHeaders<'a>, found: Found<'_, 'a>) {
    for name in policy.fields().map(|field| field.name()).filter(|name| !SecurityHeaders::NAMES.contains(name)) {
        if let Some(meant) = SecurityHeaders::NAMES.iter().copied().find(|known| is_slip(name, known)) {
            found(Lint::medium(name, "no browser knows this header", "remove it").near(Some(meant)));
        }
        let replaced = match name {
            "feature-policy" => "use permissions_policy",
            "expect-ct" | "public-key-pins" => "remove it",
            "x-content-security-policy" | "x-webkit-csp" => "use content_security_policy",
            _ => continue,
        };
        found(Lint::low(name, "browsers have dropped this header", replaced));
    }
}
