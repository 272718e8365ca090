//! One directive: its name, what it takes, and its sources.

use super::Source;
use super::lists::{SourceList, Sources};
use crate::cursor::Cursor;
use crate::dialect::{ok, valid};
use crate::grammar;
use crate::headers::PolicyError;
use crate::structured_field;
use crate::uri;

/// What a directive's value is made of.
#[derive(Clone, Copy)]
enum Kind {
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

            /// Reads a name.
            ///
            /// # Errors
            /// [`UnknownDirective`](PolicyError::UnknownDirective), [`DirectiveCase`](PolicyError::DirectiveCase) or
            /// [`ObsoleteDirective`](PolicyError::ObsoleteDirective).
            pub const fn parse(name: &str) -> Result<Self, PolicyError> {
                $( if grammar::eq(name, $text) { return Ok(Self::$variant); } )+
                $( if name.eq_ignore_ascii_case($text) { return Err(PolicyError::DirectiveCase); } )+
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

            /// Whether a list of it may hold the source alone; `'strict-dynamic'` may not be.
            pub(super) const fn takes(self, source: Source<'_>) -> bool {
                takes(self.kind(), source).is_ok() && !source.is("'strict-dynamic'")
            }

            const fn kind(self) -> Kind {
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

const OBSOLETE: [&str; 6] =
    ["block-all-mixed-content", "plugin-types", "navigate-to", "prefetch-src", "referrer", "reflected-xss"];

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

/// A directive and its sources.
#[derive(Debug, Clone, Copy)]
pub struct Directive<'a> {
    name: DirectiveName,
    sources: SourceList<'a>,
    /// In the view of a text that is the same for every response.
    without_nonce: bool,
}

impl<'a> Directive<'a> {
    /// A directive of `sources`, in that order.
    ///
    /// # Errors
    /// The cause when the directive does not take one of them, when `'none'` is not alone, when `'strict-dynamic'` has no
    /// nonce or hash, when a list that needs a member has none.
    pub const fn try_new(name: DirectiveName, sources: &'a [Source<'a>]) -> Result<Self, PolicyError> {
        Self { name, sources: SourceList::Typed(sources), without_nonce: false }.checked()
    }

    /// Reads `name source source`.
    pub(super) const fn parse(directive: &'a str) -> Result<Self, PolicyError> {
        let directive = grammar::trim(directive);
        let bytes = directive.as_bytes();
        let mut end = 0;
        while end < bytes.len() && !grammar::is_ows(bytes[end]) {
            match bytes[end] {
                b',' => return Err(PolicyError::Separator),
                0x00..=0x1f | 0x7f => return Err(PolicyError::ControlCharacter),
                0x80.. => return Err(PolicyError::NonAscii),
                _ => end += 1,
            }
        }
        let name = ok!(DirectiveName::parse(grammar::slice(directive, 0, end)));
        let sources = SourceList::Text(grammar::slice(directive, end, directive.len()));
        Self { name, sources, without_nonce: false }.checked()
    }

    /// Its name.
    pub const fn name(&self) -> DirectiveName {
        self.name
    }

    /// Its sources, in order.
    pub const fn sources(&self) -> Sources<'a> {
        Sources::new(self.sources, self.without_nonce)
    }

    /// Whether it holds the source with this text.
    pub const fn has(&self, source: &str) -> bool {
        let mut rest = self.sources();
        while let Some(next) = rest.next_source() {
            if next.is(source) {
                return true;
            }
        }
        false
    }

    /// Whether its sources could be those of the directive of that name.
    pub(super) const fn fits(&self, name: DirectiveName) -> bool {
        Self { name, ..*self }.checked().is_ok()
    }

    pub(super) const fn nonces(&self) -> usize {
        let mut rest = self.sources();
        let mut count = 0;
        while let Some(source) = rest.next_source() {
            if source.is_nonce() {
                count += 1;
            }
        }
        count
    }

    /// The directive in a text that is the same for every response; itself if it holds no nonce.
    pub(super) const fn without_nonce(mut self) -> Self {
        self.without_nonce |= self.nonces() > 0;
        self
    }

    const fn checked(self) -> Result<Self, PolicyError> {
        ok!(self.sources.check());
        let mut rest = self.sources();
        let (mut count, mut vouched) = (0, false);
        while let Some(source) = rest.next_source() {
            ok!(takes(self.name.kind(), source));
            vouched |= source.is_nonce() || source.is_hash();
            count += 1;
        }
        if self.has("'none'") && count > 1 {
            return Err(PolicyError::NoneWithOthers);
        }
        if self.has("'strict-dynamic'") && !vouched {
            return Err(PolicyError::StrictDynamicAlone);
        }
        match (self.name.kind(), count) {
            (Kind::Nothing | Kind::Sandbox | Kind::TrustedTypes, 0) => Ok(self),
            (Kind::Nothing, _) => Err(PolicyError::UnexpectedValue),
            (Kind::Endpoint, 0 | 2..) => Err(PolicyError::BadEndpointName),
            (Kind::Webrtc, 2..) => Err(PolicyError::UnexpectedValue),
            (_, 0) => Err(PolicyError::EmptySourceList),
            _ => Ok(self),
        }
    }

    pub(super) const fn render(&self, out: &mut Cursor<'_>) {
        out.put(self.name.as_str().as_bytes());
        let mut rest = self.sources();
        while let Some(source) = rest.next_source() {
            out.put(b" ");
            if source.is_nonce() {
                out.put(b"'nonce-");
                out.put_nonce();
                out.put(b"'");
            } else {
                out.put(source.as_str().as_bytes());
            }
        }
    }
}

/// Whether a directive of this kind takes `source`.
const fn takes(kind: Kind, source: Source<'_>) -> Result<(), PolicyError> {
    let (good, error) = match kind {
        Kind::Code | Kind::Fetch | Kind::Ancestors if !source.is_quoted() => {
            (uri::is_csp_source(source.as_str()), PolicyError::BadHost)
        }
        Kind::Code => (!source.is_of_no_source_list(), PolicyError::KeywordNotAllowed),
        // A nonce where nothing reads one would mark each response as unfit for shared caches, for nothing.
        Kind::Fetch => (!source.is_of_no_source_list() && !source.is_nonce(), PolicyError::KeywordNotAllowed),
        Kind::Ancestors => (source.is("'self'") || source.is("'none'"), PolicyError::KeywordNotAllowed),
        Kind::Sandbox => (is_sandbox_flag(source.as_str()), PolicyError::UnknownSandboxFlag),
        Kind::Endpoint => (structured_field::is_key(source.as_str()), PolicyError::BadEndpointName),
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

/// The flags of HTML's `sandbox` attribute (HTML, section 7.6.5).
const fn is_sandbox_flag(flag: &str) -> bool {
    const FLAGS: [&str; 14] = [
        "allow-downloads",
        "allow-forms",
        "allow-modals",
        "allow-orientation-lock",
        "allow-pointer-lock",
        "allow-popups",
        "allow-popups-to-escape-sandbox",
        "allow-presentation",
        "allow-same-origin",
        "allow-scripts",
        "allow-storage-access-by-user-activation",
        "allow-top-navigation",
        "allow-top-navigation-by-user-activation",
        "allow-top-navigation-to-custom-protocols",
    ];
    let mut i = 0;
    while i < FLAGS.len() {
        if grammar::eq(flag, FLAGS[i]) {
            return true;
        }
        i += 1;
    }
    false
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
