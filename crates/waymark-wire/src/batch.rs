//! A request's body: a batch, or a call that is a batch of one.

use crate::clock::{Basis, Clock};
use crate::event::{assemble, too_large};
use crate::fields::{Elements, Envelope, Fields, Member};
use crate::{Code, WireError, text};
use waymark_model::{Event, Kind, Object, Purposes, Timestamp, Writer, limits};

/// Bytes that a batch's `context` may come to when written into each of the batch's events.
pub const SHARED_BYTES: usize = 2 * limits::BATCH_BYTES;

/// What a body said.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The key in the body. Basic authentication may have named one too.
    pub write_key: Option<String>,
    /// Waymark's extension: which device speaks.
    pub device_key: Option<String>,
    /// Another: whether the page's engine came to the edge's decision.
    pub adopted: Option<String>,
    pub events: Vec<Accepted>,
    pub rejected: Vec<Rejected>,
    /// The sender's clock, of the batch as a whole.
    pub sent_at: Option<Timestamp>,
}

/// An event that can be counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// Its place in the batch.
    pub index: u32,
    pub event: Event,
    /// What the event says of consent, if anything.
    pub consent: Option<Purposes>,
}

/// An event that cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Its place in the batch.
    pub index: u32,
    pub error: WireError,
    /// The event as it was sent.
    pub text: String,
}

/// Reads a batch. A bad event is rejected by its index; what makes the whole body unreadable is
/// an error.
pub fn parse_batch(body: &[u8], received: Timestamp, basis: Basis) -> Result<Batch, WireError> {
    let text = text::decode(body, limits::BATCH_BYTES)?;
    text::expect_object(text, "The body")?;
    let mended;
    let Envelope { mut fields, batch } = if let Ok(envelope) = Envelope::read(text) {
        envelope
    } else {
        mended = text::mended(text);
        Envelope::read(&mended)?
    };
    let texts = listed(batch)?;
    let sent_at = fields.take_instant(Member::SentAt)?;
    let clock = Clock::Receiver { received, basis, sent_at };
    let shared = Shared::new(fields.take_object(Member::Context)?, texts.len())?;
    let mut out = Batch {
        write_key: fields.take_text(Member::WriteKey)?,
        device_key: fields.take_text(Member::DeviceKey)?,
        adopted: fields.take_text(Member::Adopted)?,
        events: Vec::with_capacity(texts.len()),
        rejected: Vec::new(),
        sent_at,
    };
    for (index, text) in (0_u32..).zip(texts) {
        match one_of_many(text, clock, &shared) {
            Ok((event, consent)) => out.events.push(Accepted { index, event, consent }),
            Err(error) => {
                let error = error.below(&format_args!("/batch/{index}"));
                out.rejected.push(Rejected { index, error, text: text.to_owned() });
            }
        }
    }
    Ok(out)
}

/// Reads one call. With `kind`, the address has said which it is, and the body's `type` is not
/// asked. A bad event is an error: there are no others to keep.
pub fn parse_call(
    kind: Option<Kind>,
    body: &[u8],
    received: Timestamp,
    basis: Basis,
) -> Result<Batch, WireError> {
    let text = text::decode(body, limits::BATCH_BYTES)?.trim_ascii();
    if text.len() > limits::EVENT_BYTES {
        return Err(too_large(text.len(), limits::EVENT_BYTES));
    }
    text::expect_object(text, "The body")?;
    let mut fields = Fields::read(text)?;
    // The call's `sentAt` stands for the batch's.
    let sent_at = fields.take_instant(Member::SentAt)?;
    let clock = Clock::Receiver { received, basis, sent_at };
    let write_key = fields.take_text(Member::WriteKey)?;
    let device_key = fields.take_text(Member::DeviceKey)?;
    let (event, consent) = assemble(&mut fields, kind, clock, None)?;
    let events = vec![Accepted { index: 0, event, consent }];
    Ok(Batch { write_key, device_key, adopted: None, events, rejected: Vec::new(), sent_at })
}

fn listed(batch: Elements<'_>) -> Result<Vec<&str>, WireError> {
    const POINTER: &str = "/batch";
    match batch {
        Elements::Missing => {
            let message = "The body has no `batch`. Send {\"batch\": [event, …]}, or a single call \
                           to its own address such as /v1/track.";
            Err(WireError::new(Code::MissingBatch, POINTER, message))
        }
        Elements::NotAnArray => {
            let message = "`batch` is not an array. Send {\"batch\": [event, …]}.";
            Err(WireError::new(Code::WrongType, POINTER, message))
        }
        Elements::List { count, .. } if count > limits::BATCH_EVENTS => {
            let most = limits::BATCH_EVENTS;
            let message =
                format!("The batch has {count} events; it may have at most {most}. Split it.");
            Err(WireError::new(Code::TooManyEvents, POINTER, message))
        }
        Elements::List { events, .. } => Ok(events),
    }
}

fn one_of_many(
    text: &str,
    clock: Clock,
    shared: &Shared,
) -> Result<(Event, Option<Purposes>), WireError> {
    if text.len() + shared.bytes > limits::EVENT_BYTES {
        let mut error = too_large(text.len() + shared.bytes, limits::EVENT_BYTES);
        if shared.bytes > 0 {
            error.message = format!(
                "{} The batch's `context` is counted in, with {} bytes.",
                error.message, shared.bytes,
            );
        }
        return Err(error);
    }
    text::expect_object(text, "The event")?;
    assemble(&mut Fields::read(text)?, None, clock, Some(&shared.context))
}

/// A batch's context, bounded: it is copied into each event, and a small body could otherwise ask
/// for a lot of memory.
struct Shared {
    context: Object,
    /// As encoded; nothing for an empty one.
    bytes: usize,
}

impl Shared {
    fn new(context: Object, events: usize) -> Result<Self, WireError> {
        if context.is_empty() {
            return Ok(Self { context, bytes: 0 });
        }
        let mut out = Writer::default();
        context.write(&mut out);
        let bytes = out.as_bytes().len();
        let spread = bytes.saturating_mul(events);
        if spread > SHARED_BYTES {
            let message = format!(
                "The batch's `context` has {bytes} bytes, which in each of {events} events come to \
                 {spread}; at most {SHARED_BYTES} are accepted. Send a smaller context or fewer events.",
            );
            return Err(WireError::new(Code::ContextTooLarge, Member::Context.pointer(), message));
        }
        Ok(Self { context, bytes })
    }
}
