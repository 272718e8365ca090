//! Which form of a policy with a nonce a response takes.

use crate::grammar;

/// The form in which a response carries a policy that holds [`NONCE`](crate::Source::NONCE).
///
/// A nonce ties a response to one reader, so it is sent only where a browser could run a script of that response.
///
/// ```
/// use sallet_core::NonceForm;
///
/// assert_eq!(NonceForm::of(200, ["text/html; charset=utf-8"]), NonceForm::Fresh);
/// assert_eq!(NonceForm::of(200, ["application/json"]), NonceForm::WithoutNonce);
/// assert_eq!(NonceForm::of(304, [""; 0]), NonceForm::LeftOff);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NonceForm {
    /// With the nonce of the request.
    Fresh,
    /// As the constant text of [`SecurityHeaders::without_nonce`](crate::SecurityHeaders::without_nonce): the response stays one
    /// that shared caches may keep.
    WithoutNonce,
    /// Without the fields that hold a nonce, and without the `Cache-Control: private` that follows from it.
    LeftOff,
}

impl NonceForm {
    /// Decides from the status and from the values of all `Content-Type` lines.
    ///
    /// - A 304 goes [without](Self::LeftOff): its fields replace those of the page that the client has stored ([RFC 9111 section
    ///   3.2](https://www.rfc-editor.org/rfc/rfc9111#section-3.2)), whose scripts have the older nonce.
    /// - A 206 takes the [constant text](Self::WithoutNonce): a cache joins it with parts of another response (RFC 9111 section
    ///   3.4), and no browser runs a part of a page.
    /// - So does a type in which no browser runs scripts or styles by a nonce: JSON, `text/plain`, CSS, JavaScript, WebAssembly,
    ///   `text/csv`, `text/event-stream`, PDF, octet streams, fonts, audio, video and images. CSS and scripts obey the policy of the
    ///   page that loads them. A worker obeys that of its own script, where a nonce has no use: `importScripts` has no `nonce`
    ///   attribute. A viewer for JSON or PDF runs none of the document's code by a nonce.
    /// - Anything else gets the [nonce](Self::Fresh): HTML, XML and SVG, and whatever the browser may take for one of them: a missing
    ///   type (it looks at the content: [MIME Sniffing, section 7](https://mimesniff.spec.whatwg.org/#determining-the-computed-mime-type-of-a-resource)),
    ///   an unreadable one, and two, of which readers choose differently.
    ///
    /// HEAD answers as its GET: the method has no say.
    pub fn of<T: AsRef<[u8]>>(status: u16, content_types: impl IntoIterator<Item = T>) -> Self {
        match status {
            304 => return Self::LeftOff,
            206 => return Self::WithoutNonce,
            _ => {}
        }
        let mut lines = content_types.into_iter();
        match (lines.next(), lines.next()) {
            (Some(line), None) if is_inert(line.as_ref()) => Self::WithoutNonce,
            _ => Self::Fresh,
        }
    }
}

/// Types of one name that are inert.
const INERT: &[&str] = &[
    "application/json",
    "text/json",
    "text/plain",
    "text/css",
    "text/csv",
    "text/event-stream",
    "application/octet-stream",
    "application/pdf",
    "application/wasm",
    // RFC 9239 section 6 and MIME Sniffing section 4.6; older names are left to the default.
    "text/javascript",
    "application/javascript",
    "application/x-javascript",
    "application/ecmascript",
    "text/ecmascript",
    // MIME Sniffing section 4.6: what servers call fonts that have no `font/` type in their table.
    "application/font-woff",
    "application/vnd.ms-fontobject",
];

/// Families that are inert but for what is XML inside, as `image/svg+xml`.
const INERT_FAMILIES: &[&str] = &["image/", "font/", "audio/", "video/"];

fn is_inert(line: &[u8]) -> bool {
    // The usual page, in less time.
    if line.starts_with(b"text/html") {
        return false;
    }
    // A comma joins two values, and a browser takes the last that it can read (Fetch, "extract a MIME type").
    let Some(line) = core::str::from_utf8(line).ok().filter(|line| !line.contains(',')) else { return false };
    let (essence, _) = grammar::cut(line, grammar::find(line, b';', 0));
    let essence = grammar::trim(essence);
    let Some((kind, subtype)) = essence.split_once('/') else { return false };
    if !grammar::is_token(kind) || !grammar::is_token(subtype) {
        return false;
    }
    INERT.iter().any(|inert| essence.eq_ignore_ascii_case(inert))
        || ends_with(subtype, "+json")
        || INERT_FAMILIES.iter().any(|family| grammar::starts_with_ignore_case(essence, family))
            && !ends_with(subtype, "+xml")
}

fn ends_with(text: &str, end: &str) -> bool {
    let at = text.len().wrapping_sub(end.len());
    text.get(at..).is_some_and(|found| found.eq_ignore_ascii_case(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_no_script_takes_the_constant_text() {
        for inert in [
            "application/json",
            "APPLICATION/Problem+JSON ; charset=utf-8",
            " text/plain;charset=utf-8",
            "text/css",
            "text/javascript",
            "application/javascript; charset=utf-8",
            "image/png",
            "font/woff2",
            "audio/ogg",
            "video/mp4",
            "application/octet-stream",
            "application/wasm",
            "text/event-stream",
            "text/csv; header=present",
            "application/pdf",
        ] {
            assert_eq!(NonceForm::of(200, [inert]), NonceForm::WithoutNonce, "{inert}");
            assert_eq!(NonceForm::of(404, [inert]), NonceForm::WithoutNonce, "{inert}");
        }
    }

    #[test]
    fn whatever_may_be_a_page_has_the_nonce() {
        for page in [
            "text/html",
            "text/html; charset=utf-8",
            "application/xhtml+xml",
            "text/xml",
            "image/svg+xml",
            "IMAGE/SVG+XML",
            "multipart/x-mixed-replace; boundary=x",
            "*/*",
            "",
            ";",
            "/",
            "image",
            "image/",
            "/png",
            "image /png",
            "json",
            "application/json, text/html",
            "application/json; x=\"a\", text/html",
            "application/jsonp",
            "text/plainer",
            "+json",
            "x/y+jso",
        ] {
            assert_eq!(NonceForm::of(200, [page]), NonceForm::Fresh, "{page}");
        }
        assert_eq!(NonceForm::of(200, [b"application/json\xff"]), NonceForm::Fresh);
        assert_eq!(NonceForm::of(200, [""; 0]), NonceForm::Fresh);
        assert_eq!(NonceForm::of(200, ["text/plain", "text/plain"]), NonceForm::Fresh);
    }

    #[test]
    fn a_part_and_a_304_go_without() {
        for types in [&["text/html"][..], &["application/json"], &[]] {
            assert_eq!(NonceForm::of(304, types), NonceForm::LeftOff);
            assert_eq!(NonceForm::of(206, types), NonceForm::WithoutNonce);
        }
    }
}
