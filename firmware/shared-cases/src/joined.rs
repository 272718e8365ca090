//! An app's own fields and a policy, joined without a heap as the core says.

use heapless::Vec;
use sallet_core::merge::{Merge, MergeRules, Own, PRIVATE};
use sallet_core::{Nonce, SecurityHeaders};
use sallet_firmware::answer::{Answer, Policy, Reply};
use sallet_firmware::entropy::Entropy;

use crate::cases::{HeadersCase, Layer, Plan, Text};

/// The table joins short ones only, and the board has 16 KiB of RAM.
const ROOM: usize = 512;

/// Room for a response that was joined.
pub(crate) struct Joined {
    text: [u8; ROOM],
    nonce: Option<Nonce>,
}

#[derive(Clone, Copy)]
struct Line {
    name: &'static str,
    value: Value,
}

#[derive(Clone, Copy)]
enum Value {
    Own(&'static str),
    /// A slot of a policy: the field itself would be a copy of all of it.
    Policy(&'static SecurityHeaders<'static>, usize),
}

type Lines = Vec<Line, 16>;
type LeftOff = Vec<&'static str, 4>;

const TOO_SMALL: Answer = Answer::fixed(500, b"HTTP/1.1 500 \r\ncontent-length: 0\r\n", "", b"");

impl Joined {
    pub(crate) const EMPTY: Self = Self { text: [0; ROOM], nonce: None };

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

        let mut lines: Lines = case.app.iter().map(|&(name, value)| Line { name, value: Value::Own(value) }).collect();
        let mut left = LeftOff::new();
        if let Some(layer) = inside {
            join(&mut lines, &layer.plan.policy, layer, case.status, &mut left);
        }
        let as_rendered = join(&mut lines, &plan.policy, &case.layer, case.status, &mut left);
        if as_rendered && inside.is_none() {
            return match (plan.text, self.nonce) {
                (Text::Page(template), Some(nonce)) => reply(case.start, Policy::Page(template, nonce), b""),
                (Text::Block(block), _) => reply(case.start, Policy::Block(block), b""),
                (Text::Page(_), None) => TOO_SMALL,
            };
        }
        let Some(len) = write(&mut self.text, case.head, &lines, self.nonce.as_ref()) else { return TOO_SMALL };
        let nonce = if Nonce::fits(case.status) { &self.nonce } else { &None };
        let body = nonce.as_ref().map_or(&b""[..], |nonce| nonce.as_str().as_bytes());
        reply(self.text.get(..len).unwrap_or_default(), Policy::Block(""), body)
    }
}

/// Whether the policy is simply added, whole and as the compiler has rendered it.
#[inline(never)] // or the loop's frame would hold its lists too
fn join(
    lines: &mut Lines,
    policy: &'static SecurityHeaders<'static>,
    layer: &Layer,
    status: u16,
    left: &mut LeftOff,
) -> bool {
    let Ok(rules) = MergeRules::try_new(layer.precedence, layer.remove) else { return false };
    let has_nonce = lines.iter().any(|line| matches!(line.value, Value::Policy(inside, _) if inside.needs_nonce()));
    let mut merge = Merge::new(policy, &rules, status).beside_nonce(has_nonce);
    let (mut private, own) = (Vec::<Line, 4>::new(), lines.len());
    lines.retain(|line| {
        let mut room = [0; 64];
        let value = match line.value {
            Value::Own(value) => value,
            Value::Policy(policy, slot) => value(policy, slot, &mut room).unwrap_or_default(),
        };
        match merge.own(line.name.as_bytes(), value.as_bytes()) {
            Own::Keep => true,
            Own::KeepPrivate => private.push(Line { name: line.name, value: Value::Own(PRIVATE.1) }).is_ok(),
            Own::Drop => false,
        }
    });
    left.retain(|name| merge.left_off(name.as_bytes()));
    let simply = lines.len() == own && private.is_empty() && merge.additions().eq(0..policy.fields().count());
    for (slot, field) in policy.fields().enumerate() {
        if merge.additions().any(|at| at == slot) {
            let _ = lines.push(Line { name: field.name(), value: Value::Policy(policy, slot) });
        }
        if merge.leaves_off().any(|at| at == slot) {
            let _ = left.push(field.name());
        }
    }
    if merge.is_private() {
        let _ = private.push(Line { name: PRIVATE.0, value: Value::Own(PRIVATE.1) });
    }
    let simply = simply && private.is_empty();
    lines.extend(private);
    simply
}

fn write(text: &mut [u8], head: &[u8], lines: &Lines, nonce: Option<&Nonce>) -> Option<usize> {
    let mut len = 0;
    put(text, &mut len, head)?;
    for line in lines {
        let start = len;
        put(text, &mut len, line.name.as_bytes())?;
        text.get_mut(start..len)?.make_ascii_lowercase();
        put(text, &mut len, b": ")?;
        match line.value {
            Value::Own(value) => put(text, &mut len, value.as_bytes())?,
            Value::Policy(policy, slot) => {
                let field = policy.fields().nth(slot)?;
                let value = text.get_mut(len..len + field.value_len())?;
                let (_, slots) = field.write_value(value).ok()?;
                if let Some(nonce) = nonce {
                    slots.fill(nonce, value);
                }
                len += value.len();
            }
        }
        put(text, &mut len, b"\r\n")?;
    }
    Some(len)
}

fn value<'b>(policy: &SecurityHeaders<'_>, slot: usize, room: &'b mut [u8]) -> Option<&'b str> {
    policy.fields().nth(slot)?.write_value(room).ok().map(|(value, _)| value)
}

fn put(text: &mut [u8], len: &mut usize, bytes: &[u8]) -> Option<()> {
    text.get_mut(*len..*len + bytes.len())?.copy_from_slice(bytes);
    *len += bytes.len();
    Some(())
}
