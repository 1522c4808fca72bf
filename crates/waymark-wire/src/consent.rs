//! What an event says of consent, in Segment's form:
//! `context.consent.categoryPreferences: {"analytics": true, …}`.

use crate::fields::type_name;
use crate::value::value_from_json;
use crate::{Code, WireError};
use waymark_model::{Object, Purpose, Purposes, Value};

/// The consent that an event's `context` carries. `None` when it says nothing.
///
/// A category that names no purpose is passed over, and a purpose that is not listed, or is
/// anything but `true`, is not allowed. A consent that cannot be read is refused: taken for none,
/// it would leave an older grant standing.
pub fn consent_in(context: &Object) -> Result<Option<Purposes>, WireError> {
    match context.get("consent") {
        None | Some(Value::Null) => Ok(None),
        Some(consent) => read(consent).map_err(|error| error.below(&"/context/consent")),
    }
}

/// The same for a consent object on its own: `{"categoryPreferences": {…}}`.
pub fn consent_from_json(consent: &serde_json::Value) -> Result<Option<Purposes>, WireError> {
    read(&value_from_json(consent))
}

/// The consent object that says `purposes`, and of each other purpose that it is not allowed.
pub fn consent_to_json(purposes: Purposes) -> serde_json::Value {
    let preferences: serde_json::Map<_, _> = Purpose::ALL
        .into_iter()
        .map(|purpose| (purpose.name().to_owned(), purposes.contains(purpose).into()))
        .collect();
    serde_json::json!({ "categoryPreferences": preferences })
}

fn read(consent: &Value) -> Result<Option<Purposes>, WireError> {
    let consent = match consent {
        Value::Null => return Ok(None),
        Value::Object(consent) => consent,
        other => return Err(unreadable("", "consent", other)),
    };
    let preferences = match consent.get("categoryPreferences") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(preferences)) => preferences,
        Some(other) => {
            return Err(unreadable("/categoryPreferences", "categoryPreferences", other));
        }
    };
    let allowed = |purpose: &Purpose| preferences.get(purpose.name()) == Some(&Value::Bool(true));
    Ok(Some(Purpose::ALL.into_iter().filter(allowed).collect()))
}

fn unreadable(pointer: &str, name: &str, found: &Value) -> WireError {
    let message = format!(
        "`{name}` is {}. Send an object such as {{\"analytics\": true, \"personalization\": true, \
         \"marketing\": false}} as `context.consent.categoryPreferences`.",
        type_name(found),
    );
    WireError::new(Code::BadConsent, pointer, message)
}

#[cfg(test)]
mod tests {
    use super::{consent_from_json, consent_in, consent_to_json};
    use crate::object_from_json;
    use serde_json::json;
    use waymark_model::{Object, Purpose, Purposes};

    #[test]
    fn only_purposes_that_are_true_are_allowed() {
        let consent = json!({"categoryPreferences": {
            "analytics": true, "personalization": "true", "marketing": false, "C0004": true,
        }});
        let allowed = consent_from_json(&consent).unwrap();
        assert_eq!(allowed, Some(Purposes::NONE.with(Purpose::Analytics)));
    }

    #[test]
    fn saying_nothing_is_not_saying_no() {
        assert_eq!(consent_in(&Object::new()), Ok(None));
        assert_eq!(consent_from_json(&json!(null)), Ok(None));
        assert_eq!(consent_from_json(&json!({})), Ok(None));
        let no = consent_from_json(&json!({"categoryPreferences": {}}));
        assert_eq!(no, Ok(Some(Purposes::NONE)));
    }

    #[test]
    fn consent_that_cannot_be_read_is_refused_rather_than_taken_for_none() {
        for (consent, pointer) in [
            (json!("yes"), "/context/consent"),
            (json!({"categoryPreferences": ["analytics"]}), "/context/consent/categoryPreferences"),
        ] {
            let context = json!({"consent": consent});
            let error = consent_in(&object_from_json(context.as_object().unwrap())).unwrap_err();
            assert_eq!((error.code(), error.pointer.as_str()), ("bad-consent", pointer));
        }
    }

    #[test]
    fn every_set_of_purposes_comes_back() {
        for bits in 0..8 {
            let purposes = Purposes::from_bits(bits);
            assert_eq!(consent_from_json(&consent_to_json(purposes)), Ok(Some(purposes)));
        }
    }
}
