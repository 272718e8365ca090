//! Content-Security-Policy: which scripts and styles run.

use super::content_security_policy::CSP;
use super::hosts;
use super::sources::Parts;
use super::{Found, Lint};
use crate::headers::{ContentSecurityPolicy, Directive, DirectiveName, Source};
use DirectiveName::{ScriptSrc, ScriptSrcAttr, ScriptSrcElem, StyleSrc, StyleSrcAttr, StyleSrcElem};

/// The directives that rule any of these, each once.
fn effective<'c, 'a>(
    csp: &'c ContentSecurityPolicy<'a>,
    names: &'static [DirectiveName],
) -> impl Iterator<Item = Directive<'a>> + use<'c, 'a> {
    names.iter().enumerate().filter_map(move |(at, name)| {
        let directive = csp.effective(*name)?;
        let is_it = |other: &DirectiveName| csp.effective(*other).is_some_and(|it| it.name() == directive.name());
        (!names[..at].iter().any(is_it)).then_some(directive)
    })
}

/// What rules scripts. `script-src` counts even where the other two are there: older browsers know no other.
pub(super) fn scripts<'c, 'a>(csp: &'c ContentSecurityPolicy<'a>) -> impl Iterator<Item = Directive<'a>> + use<'c, 'a> {
    effective(csp, &[ScriptSrc, ScriptSrcElem, ScriptSrcAttr])
}

fn styles<'c, 'a>(csp: &'c ContentSecurityPolicy<'a>) -> impl Iterator<Item = Directive<'a>> + use<'c, 'a> {
    effective(csp, &[StyleSrc, StyleSrcElem, StyleSrcAttr])
}

const fn is_attributes(directive: &Directive<'_>) -> bool {
    matches!(directive.name(), Some(ScriptSrcAttr | StyleSrcAttr))
}

fn has_nonce_or_hash(directive: &Directive<'_>) -> bool {
    directive.sources().any(|source| source.is_nonce() || source.is_hash())
}

/// Browsers ignore `'unsafe-inline'` next to a nonce, a hash or `'strict-dynamic'` (CSP3, section 6.7.3.2).
fn allows_all_inline(directive: &Directive<'_>) -> bool {
    directive.has("'unsafe-inline'") && !has_nonce_or_hash(directive) && !directive.has("'strict-dynamic'")
}

pub(super) fn weak<'a>(csp: &ContentSecurityPolicy<'a>, found: Found<'_, 'a>) {
    for directive in scripts(csp) {
        let name = directive.name_str();
        if allows_all_inline(&directive) {
            let remedy = if is_attributes(&directive) {
                "write 'none' and call addEventListener in a script; or 'unsafe-hashes' with the hash of each handler"
            } else {
                "use a nonce or hashes"
            };
            found(Lint::high(CSP, "it runs every injected script", remedy).of(name).at("'unsafe-inline'"));
        }
        // Handlers have no address.
        if !is_attributes(&directive) && !directive.has("'strict-dynamic'") {
            for source in directive.sources() {
                script_source(source, directive, found);
            }
        }
        if directive.has("'unsafe-hashes'") {
            found(
                Lint::low(
                    CSP,
                    "an injected element can use each handler and javascript: address whose hash is named",
                    "call addEventListener in a script instead",
                )
                .of(name)
                .at("'unsafe-hashes'"),
            );
        }
    }
    if let Some(directive) = csp.effective(ScriptSrc)
        && directive.has("'unsafe-eval'")
    {
        found(
            Lint::medium(
                CSP,
                "it turns strings into code",
                "use 'wasm-unsafe-eval' if it is for WebAssembly, else remove it",
            )
            .of(directive.name_str())
            .at("'unsafe-eval'"),
        );
    }
    for directive in styles(csp).filter(allows_all_inline) {
        found(
            Lint::low(CSP, "injected styles can read and redraw the page", "use a nonce or hashes")
                .of(directive.name_str())
                .at("'unsafe-inline'"),
        );
    }
}

fn script_source<'a>(source: Source<'a>, directive: Directive<'a>, found: Found<'_, 'a>) {
    const BY_NONCE: &str = "name the hosts, or use a nonce with 'strict-dynamic'";
    if source.is_quoted() {
        return;
    }
    let parts = Parts::of(source);
    let lint = if parts.is_everyone() || parts.is_scheme("data") {
        Lint::high(CSP, "it admits anyone's script", BY_NONCE)
    } else if parts.is_scheme("blob") || parts.is_scheme("filesystem") {
        Lint::medium(CSP, "it turns strings into scripts", "put workers into worker-src, and remove it here")
    } else if parts.host.is_empty() {
        // Another scheme, about which nothing is known.
        return;
    } else if hosts::anyone_can_register(parts.host) {
        Lint::high(CSP, "anyone can get a host below it", BY_NONCE)
    } else if hosts::is_known_bypass(&parts) {
        Lint::high(
            CSP,
            "this host serves files of anyone, or an endpoint that returns a script of the caller's choice",
            "name the one file with its whole path, or use a nonce with 'strict-dynamic'",
        )
    } else {
        Lint::low(
            CSP,
            "a host is as safe as each file on it: one old library or JSONP endpoint runs an injected script",
            "use a nonce or hashes if you can",
        )
    };
    found(lint.of(directive.name_str()).at(source.as_str()));
}

pub(super) fn idle<'a>(csp: &ContentSecurityPolicy<'a>, found: Found<'_, 'a>) {
    for directive in scripts(csp).filter(|directive| directive.has("'strict-dynamic'")) {
        let name = directive.name_str();
        let vouches =
            |source: Source<'_>| source.is_nonce() || source.is_hash() || source.as_str().starts_with("'url-sha");
        if !is_attributes(&directive) && !directive.sources().any(vouches) {
            found(
                Lint::high(CSP, "without a nonce or a hash next to it no script runs", "add NONCE or a hash")
                    .of(name)
                    .at("'strict-dynamic'"),
            );
        }
        // Schemes and * are the usual fallback for browsers that do not know the keyword.
        for source in directive.sources().filter(|source| !source.is_quoted()) {
            let parts = Parts::of(source);
            if !parts.host.is_empty() && !parts.is_everyone() {
                found(
                    Lint::low(CSP, "browsers ignore hosts next to 'strict-dynamic'", "remove it")
                        .of(name)
                        .at(source.as_str()),
                );
            }
        }
    }
    // Next to a nonce of scripts 'unsafe-inline' is the fallback for browsers without nonces. Those that know styles' and
    // attributes' own directives know nonces too, and who adds it to styles means inline styles.
    let switched_off = effective(csp, &[StyleSrc, StyleSrcElem, StyleSrcAttr, ScriptSrcAttr])
        .filter(|directive| directive.has("'unsafe-inline'") && has_nonce_or_hash(directive))
        .filter(|directive| {
            let rules_scripts = csp.effective(ScriptSrc).is_some_and(|scripts| scripts.name() == directive.name());
            is_attributes(directive) || !rules_scripts
        });
    for directive in switched_off {
        let remedy = if is_attributes(&directive) {
            "remove the nonce and the hashes here, or 'unsafe-inline'"
        } else {
            "remove the nonce and the hashes here, or 'unsafe-inline'; a nonce may have come from default-src by extend"
        };
        found(
            Lint::medium(CSP, "the nonce or hash next to it switches it off", remedy)
                .of(directive.name_str())
                .at("'unsafe-inline'"),
        );
    }
    if let Some(directive) = csp.directive(ScriptSrcAttr) {
        for source in directive.sources().filter(|source| !source.is_quoted()) {
            found(
                Lint::low(CSP, "event handlers have no address, so no host or scheme matches one", "remove it")
                    .of(directive.name_str())
                    .at(source.as_str()),
            );
        }
    }
    for directive in [ScriptSrcAttr, StyleSrcAttr].into_iter().filter_map(|name| csp.directive(name)) {
        if let Some(nonce) = directive.sources().find(Source::is_nonce) {
            found(Lint::low(CSP, "attributes have no nonce", "remove it").of(directive.name_str()).at(nonce.as_str()));
        }
    }
}
