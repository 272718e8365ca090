//! The set of headers that a response carries, and its two views.

mod block;
mod fields;
pub mod merge;
mod nonce_form;
pub(crate) mod presets;
mod slot;
mod views;

pub use block::{RenderError, Template, WriteError};
pub use fields::{Field, FieldKind, Fields};
pub use nonce_form::NonceForm;

use crate::cursor::Cursor;
use crate::dialect::{ok, valid};
use crate::grammar;
use crate::headers::{header_rows, *};
use crate::unchecked::unchecked_value;
pub(crate) use slot::Slot;

/// What a row says where it may say nothing.
const fn if_any(said: &[&'static str]) -> Option<&'static str> {
    match said {
        [text] => Some(*text),
        _ => None,
    }
}

macro_rules! security_headers {
    ($(
        #[doc = $doc:literal]
        $name:literal $field:ident: $type:ty, good $good:literal, bad $bad:literal
        $(, endpoints in $place:literal)? $(, report only of $enforced:ident)? $(, unchecked part if $is_part:ident)?;
    )+) => {
        /// A policy: at most one value for each header.
        ///
        /// A value type whose every method is a `const fn`, so a policy is a `const` and a mistake in it a compile error.
        /// Setters take `Some(value)`, or `None` to leave the header out.
        ///
        /// ```
        /// use sallet_core::{ContentSecurityPolicy, Directive, Scheme, SecurityHeaders, Source, XFrameOptions, const_block};
        ///
        /// const CSP: ContentSecurityPolicy = ContentSecurityPolicy::new(&[Directive::default_src(&[Source::SELF])]);
        /// const POLICY: SecurityHeaders = SecurityHeaders::EMPTY
        ///     .content_security_policy(Some(CSP))
        ///     .x_frame_options(Some(XFrameOptions::Deny));
        ///
        /// static BLOCK: &str = const_block!(POLICY); // lives in flash
        /// assert_eq!(BLOCK, "content-security-policy: default-src 'self'\r\nx-frame-options: DENY\r\n");
        /// ```
        #[derive(Debug, Clone, Copy)]
        pub struct SecurityHeaders<'a> {
            $( pub(crate) $field: Slot<'a, $type>, )+
            custom: &'a [CustomField<'a>],
        }

        const NAMES: [&str; [$($name),+].len()] = [$($name),+];

        /// The name of the header that this field of [`SecurityHeaders`] holds.
        const fn name_of(field: &str) -> &'static str {
            $( if grammar::eq(field, stringify!($field)) { return $name; } )+
            panic!("a row is the twin of a field that no row has")
        }

        impl<'a> SecurityHeaders<'a> {
            const ROWS: [Header; NAMES.len()] = [$(
                Header {
                    name: $name,
                    doc: grammar::trim($doc),
                    good: $good,
                    bad: $bad,
                    values: <$type>::VALUES,
                    endpoints_in: if_any(&[$($place)?]),
                    report_only_of: if_any(&[$(name_of(stringify!($enforced)))?]),
                }
            ),+];

            /// No header at all: a place to start from.
            pub const EMPTY: Self = Self { $( $field: Slot::Unset, )+ custom: &[] };

            $(
                #[doc = $doc]
                #[must_use]
                pub const fn $field(mut self, value: Option<$type>) -> Self {
                    self.$field = Slot::of(value);
                    self
                }
            )+

            /// Sets a header by its name, in lower case, from its text: for policies that come from a file or from
            /// another language.
            ///
            /// A value that Sallet does not know is sent as it is after the mark [`UNCHECKED`](crate::UNCHECKED):
            ///
            /// ```
            /// use sallet_core::SecurityHeaders;
            /// let policy = SecurityHeaders::EMPTY.with("x-frame-options", "{unchecked}ALLOW-FROM https://a.example").unwrap();
            /// assert_eq!(policy.to_string(), "x-frame-options: ALLOW-FROM https://a.example\r\n");
            /// ```
            ///
            /// In `content-security-policy` and `permissions-policy` the mark is of the first directive or member, where that
            /// can be one by itself, and the others are checked.
            ///
            /// # Errors
            /// [`UnknownHeader`](PolicyError::UnknownHeader), or what is wrong with the value.
            pub const fn with(mut self, name: &str, value: &'a str) -> Result<Self, PolicyError> {
                $(
                    if grammar::eq(name, $name) {
                        self.$field = match <$type>::parse(value) {
                            Ok(value) => Slot::Checked(value),
                            Err(error) => {
                                $( if <$type>::$is_part(value) { return Err(error); } )?
                                Slot::Unchecked(ok!(unchecked_value(value, error)))
                            }
                        };
                        return Ok(self);
                    }
                )+
                Err(PolicyError::UnknownHeader)
            }

            /// Leaves a header out, by its name in lower case.
            ///
            /// # Errors
            /// [`UnknownHeader`](PolicyError::UnknownHeader).
            pub const fn without(mut self, name: &str) -> Result<Self, PolicyError> {
                $(
                    if grammar::eq(name, $name) {
                        self.$field = Slot::Unset;
                        return Ok(self);
                    }
                )+
                Err(PolicyError::UnknownHeader)
            }

            /// Where the header of that name names an endpoint that Reporting-Endpoints does not define, and the first one. Another
            /// layer may define it, so it isn't an error.
            pub(crate) const fn undefined_endpoint(&self, name: &str) -> Option<(&'static str, &'a str)> {
                let defined = match &self.reporting_endpoints {
                    Slot::Checked(endpoints) => endpoints,
                    Slot::Unset => &ReportingEndpoints::NONE,
                    Slot::Unchecked(_) => return None,
                };
                $($(
                    if grammar::eq(name, $name)
                        && let Slot::Checked(value) = &self.$field
                        && let Some(endpoint) = value.undefined_endpoint(defined)
                    {
                        return Some(($place, endpoint));
                    }
                )?)+
                None
            }

            /// The whole value of the header of that name, if it is unchecked.
            pub(crate) const fn unchecked_text(&self, name: &str) -> Option<&'a str> {
                $(
                    if grammar::eq(name, $name)
                        && let Slot::Unchecked(text) = self.$field
                    {
                        return Some(text);
                    }
                )+
                None
            }

            /// With each header moved to its report-only twin, if it has one.
            const fn moved_to_twins(mut self) -> Self {
                $($(
                    if self.$enforced.is_set() {
                        self.$field = self.$enforced;
                        self.$enforced = Slot::Unset;
                    }
                )?)+
                self
            }

            /// Whether the header of this number is sent: it is set, or it follows from the rest. A response that carries a nonce is for
            /// one reader, so unless the policy rules caching itself it says `private`.
            const fn is_sent(&self, slot: usize) -> bool {
                let mut at = 0;
                $(
                    if at == slot {
                        return self.$field.is_set() || grammar::eq($name, "cache-control") && self.needs_nonce();
                    }
                    at += 1;
                )+
                slot - at < self.custom.len()
            }

            const fn render_value(&self, slot: usize, out: &mut Cursor<'_>) {
                let mut at = 0;
                $(
                    if at == slot {
                        match &self.$field {
                            Slot::Checked(value) => value.render(out),
                            Slot::Unchecked(value) => {
                                out.put_mark();
                                out.put(value.as_bytes());
                            }
                            Slot::Unset => CacheControl::PRIVATE.render(out),
                        }
                        return;
                    }
                    at += 1;
                )+
                out.put(self.custom[slot - at].value().as_bytes());
            }
        }
    };
}

header_rows!(security_headers);

/// A joining marks fields in a set of this size.
const MAX_FIELDS: usize = 128;

impl<'a> SecurityHeaders<'a> {
    /// The most fields that a policy holds.
    pub const MAX_FIELDS: usize = MAX_FIELDS;

    /// The names of all headers that [`with`](Self::with) knows, in the order in which they are sent.
    pub const NAMES: &'static [&'static str] = &NAMES;

    /// What is known of each of them, in the same order.
    pub const HEADERS: &'static [Header] = &Self::ROWS;

    /// Adds fields that Sallet has no type for; replaces those of an earlier call.
    ///
    /// # Panics
    /// When [`try_custom`](Self::try_custom) refuses them; in a `const` that is a compile error.
    #[must_use]
    #[track_caller]
    pub const fn custom(self, fields: &'a [CustomField<'a>]) -> Self {
        valid!(self.try_custom(fields))
    }

    /// Adds fields that Sallet has no type for; replaces those of an earlier call.
    ///
    /// # Errors
    /// [`NotCustom`](PolicyError::NotCustom) when a setter exists for the header,
    /// [`DuplicateHeader`](PolicyError::DuplicateHeader) when a name stands twice,
    /// [`TooManyFields`](PolicyError::TooManyFields) when they and the others could be more than
    /// [`MAX_FIELDS`](Self::MAX_FIELDS).
    pub const fn try_custom(mut self, fields: &'a [CustomField<'a>]) -> Result<Self, PolicyError> {
        if fields.len() > MAX_FIELDS - NAMES.len() {
            return Err(PolicyError::TooManyFields);
        }
        let mut i = 0;
        while i < fields.len() {
            let mut known = 0;
            while known < NAMES.len() {
                if grammar::eq(fields[i].name(), NAMES[known]) {
                    return Err(PolicyError::NotCustom);
                }
                known += 1;
            }
            let mut earlier = 0;
            while earlier < i {
                if grammar::eq(fields[i].name(), fields[earlier].name()) {
                    return Err(PolicyError::DuplicateHeader);
                }
                earlier += 1;
            }
            i += 1;
        }
        self.custom = fields;
        Ok(self)
    }

    /// Checks what no single header can see: shared caches must not keep a response with a nonce. Every adapter calls it.
    ///
    /// # Errors
    /// [`SharedNonce`](PolicyError::SharedNonce).
    pub const fn check(self) -> Result<Self, PolicyError> {
        if self.needs_nonce()
            && !match self.cache_control {
                Slot::Checked(cache_control) => cache_control.forbids_sharing(),
                Slot::Unchecked(text) => forbids_sharing(text),
                // It is `private` then.
                Slot::Unset => true,
            }
        {
            return Err(PolicyError::SharedNonce);
        }
        if self.needs_nonce() {
            let mut i = 0;
            while i < self.custom.len() {
                let field = &self.custom[i];
                if merge::lets_caches_share(field.name().as_bytes(), field.value().as_bytes()) {
                    return Err(PolicyError::SharedNonce);
                }
                i += 1;
            }
        }
        Ok(self)
    }

    /// [`check`](Self::check), for a `const`: what is wrong is then a compile error.
    /// [`const_block!`](crate::const_block) and [`const_template!`](crate::const_template) do it themselves.
    ///
    /// ```compile_fail
    /// use sallet_core::{CacheControl, ContentSecurityPolicy, Directive, SecurityHeaders, Source};
    /// const CSP: ContentSecurityPolicy = ContentSecurityPolicy::new(&[Directive::script_src(&[Source::NONCE])]);
    /// // error[E0080]: evaluation panicked: a shared cache would give one reader's nonce to the next: …
    /// const POLICY: SecurityHeaders = SecurityHeaders::STRICT
    ///     .content_security_policy(Some(CSP))
    ///     .cache_control(Some(CacheControl::new("public, max-age=60")))
    ///     .checked();
    /// ```
    ///
    /// # Panics
    /// With the sentence of the error.
    #[must_use]
    #[track_caller]
    pub const fn checked(self) -> Self {
        valid!(self.check())
    }

    /// Whether a source is [`Source::NONCE`], so that each response needs a fresh one.
    pub const fn needs_nonce(&self) -> bool {
        matches!(self.content_security_policy, Slot::Checked(policy) if policy.needs_nonce())
            || matches!(self.content_security_policy_report_only, Slot::Checked(policy) if policy.needs_nonce())
    }
}
