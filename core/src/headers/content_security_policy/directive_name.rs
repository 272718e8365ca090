//! The directives by their names, and what each takes.

use super::unquoted::check_unquoted;
use super::{Directive, Source};
use crate::dialect::{ok, valid};
use crate::grammar;
use crate::headers::PolicyError;
use crate::uri;

/// What a directive's value is made of.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// A source list of scripts and styles and their fallback: any keyword, nonce or hash.
    Code,
    /// A source list of other things: keywords are allowed and mostly idle.
    Fetch,
    /// `ancestor-source-list`: no keyword but `'self'` and `'none'` (CSP3, section 6.4.2.1).
    Ancestors,
    /// Flags.
    Sandbox,
    /// The name of an endpoint.
    Endpoint,
    /// URLs.
    Urls,
    /// Nothing.
    Nothing,
    /// Names of Trusted Types policies.
    TrustedTypes,
    /// `'script'`.
    Sinks,
    /// `'allow'` or `'block'`.
    Webrtc,
}

macro_rules! directives {
    ($( $(#[$doc:meta])* $variant:ident $constructor:ident = $text:literal is $kind:ident $(falls back to $($fallback:ident)+)? ),+ $(,)?) => {
        /// The name of a directive, as its specification spells it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum DirectiveName {
            $( $(#[$doc])* $variant ),+
        }

        impl DirectiveName {
            /// Every directive.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name's text.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $text ),+ }
            }

            /// Reads a name, which has no case (CSP3, section 2.2.1) and is sent in lower case.
            ///
            /// # Errors
            /// [`UnknownDirective`](PolicyError::UnknownDirective) or [`ObsoleteDirective`](PolicyError::ObsoleteDirective).
            pub const fn parse(name: &str) -> Result<Self, PolicyError> {
                $( if name.eq_ignore_ascii_case($text) { return Ok(Self::$variant); } )+
                let mut i = 0;
                while i < OBSOLETE.len() {
                    if name.eq_ignore_ascii_case(OBSOLETE[i]) {
                        return Err(PolicyError::ObsoleteDirective);
                    }
                    i += 1;
                }
                Err(PolicyError::UnknownDirective)
            }

            /// The directives of which the first that is present rules when this one is absent (CSP3, section 6.8.3).
            /// Empty for `default-src` and for those that do not fall back: base-uri, form-action, frame-ancestors and
            /// the like.
            pub const fn fallbacks(self) -> &'static [Self] {
                match self {
                    $( Self::$variant => &[$($(Self::$fallback),+)?] ),+
                }
            }

            /// Whether a policy without the directive, and without one it falls back to, allows everything that it would
            /// rule. The others switch something on, or say where reports go.
            pub(super) const fn allows_all_when_absent(self) -> bool {
                !self.fallbacks().is_empty()
                    || matches!(self, Self::DefaultSrc | Self::BaseUri | Self::FormAction | Self::FrameAncestors)
            }

            /// Whether it says where the reports of its own policy go.
            pub(super) const fn is_of_reports(self) -> bool {
                matches!(self, Self::ReportTo | Self::ReportUri)
            }

            /// Whether a source of another list means the same in one of this directive; `'strict-dynamic'` does not.
            pub(super) const fn takes(self, source: Source<'_>) -> bool {
                takes(self.kind(), source).is_ok() && !source.is("'strict-dynamic'")
            }

            /// Whether a source added to the directive `from`, which it falls back to, means the same in one of this directive.
            pub(super) const fn inherits(self, from: Self, source: Source<'_>) -> bool {
                self.kind() as u8 == from.kind() as u8 || self.takes(source)
            }

            pub(super) const fn kind(self) -> Kind {
                match self { $( Self::$variant => Kind::$kind ),+ }
            }
        }

        impl<'a> Directive<'a> {
            $(
                #[doc = concat!("`", $text, "`.")]
                ///
                /// # Panics
                /// When [`try_new`](Self::try_new) refuses the sources; in a `const` that is a compile error.
                #[track_caller]
                pub const fn $constructor(sources: &'a [Source<'a>]) -> Self {
                    valid!(Self::try_new(DirectiveName::$variant, sources))
                }
            )+
        }
    };
}

const OBSOLETE: [&str; 7] = [
    "block-all-mixed-content",
    "plugin-types",
    "navigate-to",
    "prefetch-src",
    "referrer",
    "reflected-xss",
    "require-sri-for",
];

directives! {
    /// What the other fetch directives fall back to.
    DefaultSrc default_src = "default-src" is Code,
    /// Workers and frames.
    ChildSrc child_src = "child-src" is Fetch falls back to DefaultSrc,
    /// `fetch`, WebSocket, EventSource, beacons.
    ConnectSrc connect_src = "connect-src" is Fetch falls back to DefaultSrc,
    /// Fenced frames.
    FencedFrameSrc fenced_frame_src = "fenced-frame-src" is Fetch falls back to FrameSrc ChildSrc DefaultSrc,
    /// Fonts.
    FontSrc font_src = "font-src" is Fetch falls back to DefaultSrc,
    /// Frames.
    FrameSrc frame_src = "frame-src" is Fetch falls back to ChildSrc DefaultSrc,
    /// Images and icons.
    ImgSrc img_src = "img-src" is Fetch falls back to DefaultSrc,
    /// The application manifest.
    ManifestSrc manifest_src = "manifest-src" is Fetch falls back to DefaultSrc,
    /// Audio and video.
    MediaSrc media_src = "media-src" is Fetch falls back to DefaultSrc,
    /// `<object>` and `<embed>`.
    ObjectSrc object_src = "object-src" is Fetch falls back to DefaultSrc,
    /// Scripts.
    ScriptSrc script_src = "script-src" is Code falls back to DefaultSrc,
    /// `<script>` elements.
    ScriptSrcElem script_src_elem = "script-src-elem" is Code falls back to ScriptSrc DefaultSrc,
    /// Event handler attributes.
    ScriptSrcAttr script_src_attr = "script-src-attr" is Code falls back to ScriptSrc DefaultSrc,
    /// Styles.
    StyleSrc style_src = "style-src" is Code falls back to DefaultSrc,
    /// `<style>` and `<link rel=stylesheet>`.
    StyleSrcElem style_src_elem = "style-src-elem" is Code falls back to StyleSrc DefaultSrc,
    /// `style` attributes.
    StyleSrcAttr style_src_attr = "style-src-attr" is Code falls back to StyleSrc DefaultSrc,
    /// Workers.
    WorkerSrc worker_src = "worker-src" is Fetch falls back to ChildSrc ScriptSrc DefaultSrc,
    /// `<base href>`. Has no fallback.
    BaseUri base_uri = "base-uri" is Fetch,
    /// Where forms may post to. Has no fallback.
    FormAction form_action = "form-action" is Fetch,
    /// Who may frame the page. Has no fallback.
    FrameAncestors frame_ancestors = "frame-ancestors" is Ancestors,
    /// Puts the page into a sandbox.
    Sandbox sandbox = "sandbox" is Sandbox,
    /// The endpoint of Reporting-Endpoints that hears of violations.
    ReportTo report_to = "report-to" is Endpoint,
    /// The older form of `report-to`.
    ReportUri report_uri = "report-uri" is Urls,
    /// `require-trusted-types-for 'script'`.
    RequireTrustedTypesFor require_trusted_types_for = "require-trusted-types-for" is Sinks,
    /// The Trusted Types policies that may be made.
    TrustedTypes trusted_types = "trusted-types" is TrustedTypes,
    /// Loads `http:` addresses of the page over HTTPS. Sent over HTTPS alone.
    UpgradeInsecureRequests upgrade_insecure_requests = "upgrade-insecure-requests" is Nothing,
    /// Whether WebRTC may connect.
    Webrtc webrtc = "webrtc" is Webrtc,
}

/// Whether a directive of this kind takes `source`.
pub(super) const fn takes(kind: Kind, source: Source<'_>) -> Result<(), PolicyError> {
    if source.is_unchecked() {
        return Ok(());
    }
    let (good, error) = match kind {
        Kind::Code | Kind::Fetch | Kind::Ancestors if !source.is_quoted() => return takes_bare(source.as_str()),
        Kind::Code => (!source.is_of_no_source_list(), PolicyError::KeywordNotAllowed),
        // A nonce where nothing reads one would mark each response as unfit for shared caches, for nothing.
        Kind::Fetch => (!source.is_of_no_source_list() && !source.is_nonce(), PolicyError::KeywordNotAllowed),
        Kind::Ancestors => (source.is("'self'") || source.is("'none'"), PolicyError::KeywordNotAllowed),
        Kind::Sandbox => (sandbox_flag(source.as_str()).is_some(), PolicyError::UnknownSandboxFlag),
        Kind::Endpoint => (grammar::is_token(source.as_str()) && !source.is_quoted(), PolicyError::BadEndpointName),
        Kind::Urls => (!source.is_quoted(), PolicyError::KeywordNotAllowed),
        Kind::Nothing => (false, PolicyError::UnexpectedValue),
        Kind::TrustedTypes => (
            source.is("'none'") || source.is("'allow-duplicates'") || is_trusted_types_name(source.as_str()),
            PolicyError::BadPolicyName,
        ),
        Kind::Sinks => (source.is("'script'"), PolicyError::KeywordNotAllowed),
        Kind::Webrtc => (source.is("'allow'") || source.is("'block'"), PolicyError::KeywordNotAllowed),
    };
    if good { Ok(()) } else { Err(error) }
}

/// Whether a source list takes a text without quotes.
const fn takes_bare(source: &str) -> Result<(), PolicyError> {
    ok!(check_unquoted(source));
    if uri::is_csp_source(source) {
        Ok(())
    } else if grammar::find(source, b'\'', 0) < source.len() {
        Err(PolicyError::BadQuotes)
    } else {
        Err(PolicyError::BadHost)
    }
}

impl Directive<'_> {
    /// The flags of HTML's `sandbox` attribute (HTML, section 7.1.5), of the Storage Access API, and `allow-same-site-none-cookies`,
    /// which has a proposal and an implementation.
    pub const SANDBOX_FLAGS: &'static [&'static str] = &[
        "allow-downloads",
        "allow-forms",
        "allow-modals",
        "allow-orientation-lock",
        "allow-pointer-lock",
        "allow-popups",
        "allow-popups-to-escape-sandbox",
        "allow-presentation",
        "allow-same-origin",
        "allow-same-site-none-cookies",
        "allow-scripts",
        "allow-storage-access-by-user-activation",
        "allow-top-navigation",
        "allow-top-navigation-by-user-activation",
        "allow-top-navigation-to-custom-protocols",
    ];
}

/// The flag in the spelling that is sent; browsers ignore its case.
pub(super) const fn sandbox_flag(flag: &str) -> Option<&'static str> {
    let mut rest = Directive::SANDBOX_FLAGS;
    while let [known, after @ ..] = rest {
        if flag.eq_ignore_ascii_case(known) {
            return Some(known);
        }
        rest = after;
    }
    None
}

/// `tt-policy-name = 1*( ALPHA / DIGIT / "-" / "#" / "=" / "_" / "/" / "@" / "." / "%" )`, or `*`
/// ([Trusted Types, section 4.2](https://www.w3.org/TR/trusted-types/#trusted-types-csp-directive)).
const fn is_trusted_types_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    if let [b'*'] = bytes {
        return true;
    }
    let mut i = 0;
    while i < bytes.len() {
        if !(bytes[i].is_ascii_alphanumeric()
            || matches!(bytes[i], b'-' | b'#' | b'=' | b'_' | b'/' | b'@' | b'.' | b'%'))
        {
            return false;
        }
        i += 1;
    }
    !bytes.is_empty()
}
