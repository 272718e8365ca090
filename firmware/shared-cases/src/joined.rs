//! An app's own fields and a policy, joined without a heap as the core says.

use heapless::Vec;
use sallet_core::merge::{Merge, MergeRules, Own, PRIVATE, Sent, made_private};
use sallet_core::{ContentSecurityPolicy, FieldKind, Nonce, NonceForm, Scheme, SecurityHeaders};
use sallet_firmware::answer::{Answer, Policy, Reply};
use sallet_firmware::entropy::Entropy;

use crate::cases::{self, HeadersCase, Layer, Plan};

/// The table joins short ones only, and the board has 16 KiB of RAM.
pub(crate) const ROOM: usize = 512;

/// Room for a response that was joined.
pub(crate) struct Joined {
    text: [u8; ROOM],
    nonce: Option<Nonce>,
    form: NonceForm,
    scheme: Scheme,
}

#[derive(Clone, Copy)]
struct Line {
    name: &'static str,
    value: Value,
}

#[derive(Clone, Copy)]
struct Value {
    text: Text,
    caches: Caches,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Caches {
    Untold,
    /// To be kept off, if the response turns out to have a nonce.
    LetIn,
    KeptOff,
}

#[derive(Clone, Copy)]
enum Text {
    Own(&'static str),
    /// The app's own policy, with the placeholder of a nonce.
    Filled(&'static str),
    /// A slot of a policy in one form: the field itself would be a copy of all of it.
    Policy(&'static SecurityHeaders<'static>, NonceForm, usize),
}

/// What layers further in have told.
#[derive(Default)]
struct Told {
    left_off: LeftOff,
    sent: Sent,
}

type Lines = Vec<Line, 16>;
type LeftOff = Vec<&'static str, 4>;

const TOO_SMALL: Answer = Answer::fixed(500, b"HTTP/1.1 500 \r\ncontent-length: 0\r\n", "", b"");

impl Joined {
    pub(crate) const EMPTY: Self = Self { text: [0; ROOM], nonce: None, form: NonceForm::Fresh, scheme: Scheme::Http };

    /// Room for a response of another kind.
    pub(crate) const fn room(&mut self) -> &mut [u8; ROOM] {
        &mut self.text
    }

    pub(crate) fn answer(
        &mut self,
        case: &'static HeadersCase,
        plan: &'static Plan,
        entropy: &mut Entropy,
    ) -> Reply<'_> {
        let inside = case.inside.as_ref();
        let needs_nonce = plan.policy.needs_nonce() || inside.is_some_and(|layer| layer.plan.policy.needs_nonce());
        self.nonce = needs_nonce.then(|| entropy.nonce());
        let reply = |start, policy, body| Reply {
            status: case.status,
            start,
            policy,
            body,
            rest: b"",
            key: None,
            reason: None,
        };

        let types =
            case.app.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-type")).map(|&(_, value)| value);
        self.form = NonceForm::of(case.status, types);
        self.scheme = case.scheme;
        let own = |&(name, value)| Line { name, value: Value { text: Text::Own(value), caches: Caches::Untold } };
        let mut lines: Lines = case.app.iter().map(own).collect();
        let mut told = Told::default();
        if let Some(layer) = inside {
            self.join(&mut lines, &layer.plan.policy, layer, &mut told);
        }
        let as_rendered = self.join(&mut lines, &plan.policy, &case.layer, &mut told);
        if as_rendered && inside.is_none() {
            return match (plan.text, self.nonce) {
                (cases::Text::Page(template), Some(nonce)) => reply(case.start, Policy::Page(template, nonce), b""),
                (cases::Text::Block(block), _) => reply(case.start, Policy::Block(block), b""),
                (cases::Text::Page(_), None) => TOO_SMALL,
            };
        }
        let Some(len) = self.write(case.head, &lines) else { return TOO_SMALL };
        let nonce = if self.form == NonceForm::LeftOff { &None } else { &self.nonce };
        let body = nonce.as_ref().map_or(&b""[..], |nonce| nonce.as_str().as_bytes());
        reply(self.text.get(..len).unwrap_or_default(), Policy::Block(""), body)
    }

    /// Whether the policy is simply added, whole and as the compiler has rendered it.
    #[inline(never)] // or the loop's frame would hold its lists too
    fn join(
        &self,
        lines: &mut Lines,
        policy: &'static SecurityHeaders<'static>,
        layer: &Layer,
        told: &mut Told,
    ) -> bool {
        let Ok(rules) = MergeRules::try_new(layer.precedence, layer.remove) else { return false };
        let fields = in_form(policy, self.form);
        let mut merge = Merge::new(&fields, &rules, self.form).with_nonce(self.nonce.as_ref()).around(told.sent);
        let (own, mut changed) = (lines.len(), false);
        lines.retain_mut(|line| {
            let mut room = [0; 160];
            let text = match line.value.text {
                _ if line.value.caches == Caches::KeptOff => "private, no-store",
                Text::Own(text) => text,
                // The core looks for the nonce there.
                Text::Filled(_) => self.nonce.as_ref().map_or("", Nonce::as_str),
                Text::Policy(policy, form, slot) => {
                    let len = self.put_field(policy, form, slot, &mut room).unwrap_or_default();
                    str::from_utf8(&room[..len]).unwrap_or_default()
                }
            };
            match merge.own(line.name.as_bytes(), text.as_bytes()) {
                Own::Keep => return true,
                Own::KeepShared => line.value.caches = Caches::LetIn,
                Own::Fill => {
                    if let Text::Own(text) = line.value.text {
                        line.value.text = Text::Filled(text);
                    }
                }
                Own::Drop => return false,
                Own::LeaveOff => {
                    let _ = told.left_off.push(line.name);
                    return false;
                }
            }
            changed = true;
            true
        });
        told.left_off.retain(|name| merge.left_off(name.as_bytes()));
        for line in lines.iter_mut() {
            if line.value.caches == Caches::LetIn {
                let private = merge.makes_private(line.name.as_bytes());
                line.value.caches = if private { Caches::KeptOff } else { Caches::Untold };
            }
        }
        let mut simply = !changed
            && lines.len() == own
            && (self.form == NonceForm::Fresh || !policy.needs_nonce())
            && merge.additions().eq(0..policy.fields().count());
        for (slot, field) in fields.fields().enumerate() {
            let (name, text) = (field.name(), Text::Policy(policy, self.form, slot));
            if merge.additions().any(|at| at == slot) {
                let private = field.kind() == FieldKind::Shared && merge.makes_private(name.as_bytes());
                let caches = if private { Caches::KeptOff } else { Caches::Untold };
                simply &= !private;
                let _ = lines.push(Line { name, value: Value { text, caches } });
            }
            if merge.leaves_off().any(|at| at == slot) {
                let _ = told.left_off.push(name);
            }
        }
        if merge.adds_private() {
            simply = false;
            let _ = lines
                .push(Line { name: PRIVATE.0, value: Value { text: Text::Own(PRIVATE.1), caches: Caches::Untold } });
        }
        told.sent = merge.sent();
        simply
    }

    fn write(&mut self, head: &[u8], lines: &Lines) -> Option<usize> {
        // Out of `self`, which the fields are written from.
        let mut text = core::mem::replace(&mut self.text, [0; ROOM]);
        let len = self.put_lines(head, lines, &mut text);
        self.text = text;
        len
    }

    fn put_lines(&self, head: &[u8], lines: &Lines, text: &mut [u8]) -> Option<usize> {
        let mut len = 0;
        put(text, &mut len, head)?;
        for line in lines {
            let start = len;
            put(text, &mut len, line.name.as_bytes())?;
            text.get_mut(start..len)?.make_ascii_lowercase();
            put(text, &mut len, b": ")?;
            let mut room = [0; 160];
            let value = match line.value.text {
                Text::Own(value) => value.as_bytes(),
                Text::Filled(value) => {
                    let nonce = self.nonce.as_ref().filter(|_| self.form == NonceForm::Fresh);
                    ContentSecurityPolicy::own(value.as_bytes(), self.scheme, nonce).write(&mut room).ok()?
                }
                Text::Policy(policy, form, slot) => {
                    let start = len;
                    len += self.put_field(policy, form, slot, text.get_mut(start..)?)?;
                    if line.value.caches == Caches::KeptOff {
                        let len_of = len - start;
                        room.get_mut(..len_of)?.copy_from_slice(text.get(start..len)?);
                        len = start;
                        room.get(..len_of)?
                    } else {
                        b""
                    }
                }
            };
            if line.value.caches == Caches::KeptOff {
                for part in made_private(line.name.as_bytes(), value) {
                    put(text, &mut len, part)?;
                }
            } else {
                put(text, &mut len, value)?;
            }
            put(text, &mut len, b"\r\n")?;
        }
        Some(len)
    }

    /// How long the value is.
    fn put_field(&self, policy: &SecurityHeaders<'_>, form: NonceForm, slot: usize, room: &mut [u8]) -> Option<usize> {
        let policy = in_form(policy, form);
        let field = policy.fields().nth(slot)?;
        let value = room.get_mut(..field.value_len())?;
        let (_, slots) = field.write_value(value).ok()?;
        if let Some(nonce) = &self.nonce {
            slots.fill(nonce, value);
        }
        Some(value.len())
    }
}

const fn in_form<'a>(policy: &SecurityHeaders<'a>, form: NonceForm) -> SecurityHeaders<'a> {
    match form {
        NonceForm::WithoutNonce => policy.without_nonce(),
        NonceForm::Fresh | NonceForm::LeftOff => *policy,
    }
}

fn put(text: &mut [u8], len: &mut usize, bytes: &[u8]) -> Option<()> {
    text.get_mut(*len..*len + bytes.len())?.copy_from_slice(bytes);
    *len += bytes.len();
    Some(())
}
