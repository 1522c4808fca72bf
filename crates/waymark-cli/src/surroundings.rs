//! Where a visitor of a recording is, and what they allowed: what their events said last.

use waymark_engine::program::Root;
use waymark_engine::{Context, State};
use waymark_model::{Event, Object, Purposes, Timestamp, Value};
use waymark_wire::{consent_in, zoned};

/// What a page call says of the page beside its context.
const OF_PAGE: [&str; 5] = ["path", "url", "search", "title", "referrer"];

#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub context: Context,
    /// The zone of the visitor's device.
    pub device: Option<String>,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self { context: Context { consent: Purposes::ALL, ..Context::default() }, device: None }
    }
}

impl Surroundings {
    /// What an event says of the visitor beside what happened. It stands until one says otherwise.
    pub(crate) fn hear(&mut self, event: &Event) {
        // What cannot be read was refused with the event.
        if let Ok(Some(consent)) = consent_in(&event.context) {
            self.context.consent = consent;
        }
        let text = |key| event.context.get(key).and_then(Value::as_text).map(str::to_owned);
        if let Some(locale) = text("locale") {
            self.context.locale = locale;
        }
        if let Some(zone) = text("timezone") {
            self.device = Some(zone);
        }
        if let Some(id) = &event.anonymous_id {
            self.context.anonymous_id = Some(id.clone());
        }
        for root in [Root::Device, Root::Geo] {
            if let Some(group @ Value::Object(_)) = event.context.get(root.name()) {
                self.context.values.insert(root.name(), group.clone());
            }
        }
    }

    /// The page that the visitor is on.
    pub(crate) fn turn_to(&mut self, event: &Event) {
        let said = |root: Root| match event.context.get(root.name()) {
            Some(Value::Object(group)) => group.clone(),
            _ => Object::new(),
        };
        let mut page = said(Root::Page);
        for key in OF_PAGE {
            if page.get(key).is_none()
                && let Some(value) = event.properties.get(key)
            {
                page.insert(key, value.clone());
            }
        }
        self.context.values.insert(Root::Page.name(), Value::Object(page));
        let campaign = Value::Object(said(Root::Campaign));
        self.context.values.insert(Root::Campaign.name(), campaign);
    }

    pub(crate) fn at(&self, state: &State, now: Timestamp) -> Context {
        zoned(self.context.clone(), self.device.as_deref(), state, now)
    }
}
