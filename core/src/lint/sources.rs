//! Content-Security-Policy: hosts and schemes in any directive.

use super::content_security_policy::{CSP, base_uri};
use super::{Found, Lint, hosts};
use crate::grammar::cut;
use crate::headers::{ContentSecurityPolicy, Directive, DirectiveName, Source};
use crate::uri;

/// A source that is not quoted, taken apart. What is not there is empty.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) scheme: &'a str,
    pub(super) host: &'a str,
    pub(super) path: &'a str,
}

impl<'a> Parts<'a> {
    pub(super) fn of(source: Source<'a>) -> Self {
        let text = source.as_str();
        if let Some(scheme) = text.strip_suffix(':') {
            return Self { scheme, host: "", path: "" };
        }
        let (scheme, rest) = uri::split_scheme(text).unwrap_or(("", text));
        let (authority, path) = cut(rest, rest.find('/').unwrap_or(rest.len()));
        Self { scheme, host: uri::split_port(authority).0, path }
    }

    /// Whether it is this scheme and no more.
    pub(super) const fn is_scheme(&self, scheme: &str) -> bool {
        self.host.is_empty() && self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// Whether everyone on the network matches.
    pub(super) fn is_everyone(&self) -> bool {
        self.host == "*" || ["https", "http", "wss", "ws"].into_iter().any(|scheme| self.is_scheme(scheme))
    }

    fn is_plain(&self) -> bool {
        !self.host.is_empty() && ["http", "ws"].into_iter().any(|scheme| self.scheme.eq_ignore_ascii_case(scheme))
    }

    fn is_loopback(&self) -> bool {
        let name = self.host.strip_suffix('.').unwrap_or(self.host);
        name.eq_ignore_ascii_case("localhost")
            || matches!(name, "127.0.0.1" | "[::1]")
            || matches!(name.len().checked_sub(10), Some(at) if name.as_bytes()[at..].eq_ignore_ascii_case(b".localhost"))
    }

    /// CSP3 matches no IP address but this one (section 6.7.2.8).
    fn is_address(&self) -> bool {
        let digits =
            |label: &str| !label.is_empty() && label.len() < 4 && label.bytes().all(|byte| byte.is_ascii_digit());
        self.host != "127.0.0.1"
            && (self.host.starts_with('[') || (self.host.split('.').count() == 4 && self.host.split('.').all(digits)))
    }
}

/// Whether its value is a list of hosts and schemes.
const fn is_source_list(name: DirectiveName) -> bool {
    use DirectiveName::{BaseUri, DefaultSrc, FormAction, FrameAncestors};
    !name.fallbacks().is_empty() || matches!(name, DefaultSrc | BaseUri | FormAction | FrameAncestors)
}

/// What rules scripts is judged in `code`.
fn rules_scripts(csp: &ContentSecurityPolicy<'_>, directive: &Directive<'_>) -> bool {
    super::code::scripts(csp).any(|scripts| scripts.name() == directive.name())
}

pub(super) fn weak<'a>(csp: &ContentSecurityPolicy<'a>, found: Found<'_, 'a>) {
    for directive in csp.directives() {
        // An unchecked one may mean anything.
        let Some(name) = directive.name() else { continue };
        if name == DirectiveName::ReportUri {
            for url in directive
                .sources()
                .filter(|url| uri::split_scheme(url.as_str()).is_some_and(|it| it.0.eq_ignore_ascii_case("http")))
            {
                found(
                    Lint::low(CSP, "reports tell addresses, and go over the network in clear text", "write https://")
                        .of(name.as_str())
                        .at(url.as_str()),
                );
            }
        }
        if !is_source_list(name) {
            continue;
        }
        let of_scripts = rules_scripts(csp, &directive);
        if of_scripts && directive.has("'strict-dynamic'") {
            continue;
        }
        for source in directive.sources().filter(|source| !source.is_quoted()) {
            let parts = Parts::of(source);
            let lint = |lint: Lint<'a>| lint.of(name.as_str()).at(source.as_str());
            if parts.is_plain() {
                let reason = "anyone on the network can change what comes over plain http";
                found(lint(if parts.is_loopback() {
                    Lint::low(CSP, reason, "leave it out of the policy in production")
                } else {
                    Lint::medium(CSP, reason, "write https://")
                }));
            }
            if !of_scripts && (parts.is_everyone() || hosts::anyone_can_register(parts.host)) {
                found(lint(everyone(csp, name)));
            }
        }
    }
    // Plug-ins have a rule of their own: whatever they load runs as code. Often it is default-src that rules them.
    if let Some(directive) = csp.effective(DirectiveName::ObjectSrc) {
        for source in directive.sources().filter(|source| !source.is_quoted()) {
            let parts = Parts::of(source);
            let (reason, remedy) = ("plug-in content may come from it", "add object-src 'none'");
            let lint = if parts.is_everyone() || parts.is_scheme("data") {
                Lint::medium(CSP, reason, remedy)
            } else {
                Lint::low(CSP, reason, remedy)
            };
            found(lint.of(directive.name_str()).at(source.as_str()));
        }
    }
}

/// What it means that this directive admits everyone.
fn everyone<'a>(csp: &ContentSecurityPolicy<'a>, name: DirectiveName) -> Lint<'a> {
    use DirectiveName::{BaseUri, FormAction, FrameAncestors, ObjectSrc, StyleSrc, StyleSrcAttr, StyleSrcElem};
    const NAME_THEM: &str = "name the hosts";
    match name {
        BaseUri => base_uri(csp, "an injected <base> can name anyone's host"),
        FormAction => Lint::medium(CSP, "injected forms post to anyone", NAME_THEM),
        FrameAncestors => Lint::medium(CSP, "anyone may frame the page", NAME_THEM),
        StyleSrc | StyleSrcElem | StyleSrcAttr => {
            Lint::medium(CSP, "anyone's style sheet can read and redraw the page", NAME_THEM)
        }
        // Said below, with its own remedy.
        ObjectSrc => Lint::low(CSP, "it admits anyone's content", NAME_THEM),
        _ => Lint::low(CSP, "injected content can load from anyone, and send to anyone what it has read", NAME_THEM),
    }
}

pub(super) fn idle<'a>(csp: &ContentSecurityPolicy<'a>, found: Found<'_, 'a>) {
    for directive in csp.directives() {
        let Some(name) = directive.name().filter(|name| is_source_list(*name)) else { continue };
        for source in directive.sources().filter(|source| !source.is_quoted()) {
            let parts = Parts::of(source);
            let lint = if parts.path.contains('*') {
                Lint::medium(
                    CSP,
                    "a * in a path is an ordinary character, so it matches nothing",
                    "end the path with / for everything below it",
                )
            } else if parts.is_address() {
                Lint::low(CSP, "CSP matches no IP address but 127.0.0.1", "give the host a name")
            } else if is_forgotten_port(&parts, name) {
                Lint::medium(
                    CSP,
                    "this is a scheme, and looks like a host whose port was forgotten",
                    "remove the colon, or add the port",
                )
            } else if name == DirectiveName::BaseUri && (parts.is_scheme("data") || parts.is_scheme("javascript")) {
                Lint::low(CSP, "no <base> can have this scheme (HTML, section 4.2.3)", "remove it")
            } else {
                continue;
            };
            found(lint.of(directive.name_str()).at(source.as_str()));
        }
    }
}

/// `cdn.example:` is a host with a colon too many; `com.example.app:` is the scheme of an app (RFC 8252, section 7.1), which
/// begins with a top-level domain and is the target of forms and frames alone.
fn is_forgotten_port(parts: &Parts<'_>, name: DirectiveName) -> bool {
    const TOP: [&str; 12] = ["com", "org", "net", "io", "app", "dev", "edu", "gov", "info", "biz", "cloud", "tech"];
    let takes_apps = matches!(
        name,
        DirectiveName::FormAction | DirectiveName::FrameSrc | DirectiveName::ChildSrc | DirectiveName::DefaultSrc
    );
    match parts.scheme.split_once('.') {
        Some((first, _)) if parts.host.is_empty() => {
            !(takes_apps && (first.len() == 2 || TOP.iter().any(|top| first.eq_ignore_ascii_case(top))))
        }
        _ => false,
    }
}
