use sallet_core::*;

use crate::{prints, unknown};

pub fn works() -> bool {
    directives() && sources() && policies()
}

/// Whether the named constructor and `try_new` say the same.
fn same(named: Directive<'_>, name: DirectiveName) -> bool {
    let mut sources = [Source::SELF; 4];
    let mut len = 0;
    let mut rest: Sources<'_> = named.sources();
    while let Some(source) = rest.next_source() {
        sources[len] = source;
        len += 1;
    }
    Directive::name(&named) == name
        && DirectiveName::parse(unknown(DirectiveName::as_str(name))) == Ok(name)
        && Directive::try_new(name, &sources[..len]).is_ok_and(|other| other.sources().eq(named.sources()))
        && name.fallbacks().len() < 4
}

fn directives() -> bool {
    let own = &[Source::SELF];
    same(Directive::default_src(own), DirectiveName::DefaultSrc)
        && same(Directive::child_src(own), DirectiveName::ChildSrc)
        && same(Directive::connect_src(own), DirectiveName::ConnectSrc)
        && same(Directive::fenced_frame_src(&[Source::HTTPS]), DirectiveName::FencedFrameSrc)
        && same(Directive::font_src(own), DirectiveName::FontSrc)
        && same(Directive::frame_src(own), DirectiveName::FrameSrc)
        && same(Directive::img_src(&[Source::SELF, Source::DATA, Source::BLOB]), DirectiveName::ImgSrc)
        && same(Directive::manifest_src(own), DirectiveName::ManifestSrc)
        && same(Directive::media_src(own), DirectiveName::MediaSrc)
        && same(Directive::object_src(&[Source::NONE]), DirectiveName::ObjectSrc)
        && same(Directive::script_src(own), DirectiveName::ScriptSrc)
        && same(Directive::script_src_elem(own), DirectiveName::ScriptSrcElem)
        && same(Directive::script_src_attr(&[Source::NONE]), DirectiveName::ScriptSrcAttr)
        && same(Directive::style_src(own), DirectiveName::StyleSrc)
        && same(Directive::style_src_elem(own), DirectiveName::StyleSrcElem)
        && same(Directive::style_src_attr(&[Source::NONE]), DirectiveName::StyleSrcAttr)
        && same(Directive::worker_src(own), DirectiveName::WorkerSrc)
        && same(Directive::base_uri(own), DirectiveName::BaseUri)
        && same(Directive::form_action(own), DirectiveName::FormAction)
        && same(Directive::frame_ancestors(own), DirectiveName::FrameAncestors)
        && same(Directive::sandbox(&[Source::new(unknown("allow-scripts"))]), DirectiveName::Sandbox)
        && same(Directive::report_to(&[Source::new(unknown("csp"))]), DirectiveName::ReportTo)
        && same(Directive::report_uri(&[Source::new(unknown("https://report.example/csp"))]), DirectiveName::ReportUri)
        && same(
            Directive::require_trusted_types_for(&[Source::new(unknown("'script'"))]),
            DirectiveName::RequireTrustedTypesFor,
        )
        && same(Directive::trusted_types(&[Source::new(unknown("sanitizer"))]), DirectiveName::TrustedTypes)
        && same(Directive::upgrade_insecure_requests(&[]), DirectiveName::UpgradeInsecureRequests)
        && same(Directive::webrtc(&[Source::new(unknown("'block'"))]), DirectiveName::Webrtc)
}

fn sources() -> bool {
    let keywords = [
        Source::SELF,
        Source::STRICT_DYNAMIC,
        Source::UNSAFE_INLINE,
        Source::UNSAFE_EVAL,
        Source::UNSAFE_HASHES,
        Source::WASM_UNSAFE_EVAL,
        Source::REPORT_SAMPLE,
        Source::INLINE_SPECULATION_RULES,
    ];
    let hash = Hash::of(unknown("alert(1)"));
    keywords.iter().all(|word| Source::is_quoted(word) && Source::parse(unknown(Source::as_str(word))) == Ok(*word))
        && Source::parse(unknown("self")) == Err(PolicyError::UnquotedKeyword)
        && Source::NONCE.is_nonce()
        && Hash::source(&hash).is_hash()
        && Hash::as_str(&hash) == "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"
}

fn policies() -> bool {
    let text = unknown("default-src 'self'; script-src 'nonce'; upgrade-insecure-requests");
    let policy = ContentSecurityPolicy::from_text(unknown("default-src 'self'; upgrade-insecure-requests"));
    let mut directives: Directives<'_> = policy.directives();
    let first = directives.next_directive();
    let with_nonce = [Directive::script_src(&[Source::NONCE])];
    first.is_some_and(|directive| directive.has(unknown("'self'")))
        && directives.count() == 1
        && ContentSecurityPolicy::directive(&policy, DirectiveName::ScriptSrc).is_none()
        && policy.effective(DirectiveName::ScriptSrc).is_some()
        && ContentSecurityPolicy::over(policy, Scheme::Http).is_some_and(|plain| prints(plain, "default-src 'self'"))
        && ContentSecurityPolicy::parse(text).is_err()
        && ContentSecurityPolicy::try_new(&[]).is_err()
        && ContentSecurityPolicy::needs_nonce(&ContentSecurityPolicy::new(&with_nonce))
}
