//! Every answer that the tests get is one that `openapi.json` describes.

use std::cell::RefCell;
use std::collections::BTreeMap;

use jsonschema::Validator;
use serde_json::{Value as Json, json};
use waymark_edge::http::{Method, Request, Response};
use waymark_edge::{openapi, router};

thread_local! {
    static DOCUMENT: Json = openapi::described();
    /// By what they are of.
    static VALIDATORS: RefCell<BTreeMap<String, Validator>> = const { RefCell::new(BTreeMap::new()) };
}

pub fn holds(request: &Request, response: &Response) {
    let Some(template) = router::template(&request.address.path) else { return };
    let method = match request.method {
        Method::Get | Method::Head => "get",
        Method::Put => "put",
        Method::Post => "post",
        _ => return,
    };
    // That a method is not taken is said of any address.
    if response.status == 405 {
        return;
    }
    DOCUMENT.with(|document| {
        let operation = &document["paths"][&template][method];
        assert!(operation.is_object(), "openapi.json has no {method} {template}");
        let status = response.status.to_string();
        let answers = &operation["responses"];
        let (name, answer) = match &answers[&status] {
            Json::Null => {
                assert!(
                    response.status >= 400,
                    "{method} {template} answers {status}, which openapi.json does not say"
                );
                ("default", &answers["default"])
            }
            answer => (status.as_str(), answer),
        };
        let Some(content) = answer["content"].as_object() else {
            assert!(response.body.is_empty(), "{method} {template} {status} has a body");
            return;
        };
        let (media_type, _) = content.iter().next().unwrap();
        assert_eq!(
            response.header("Content-Type"),
            Some(media_type.as_str()),
            "{method} {template} {status}"
        );
        if (media_type.ends_with("/json") || media_type.ends_with("+json"))
            && request.method != Method::Head
        {
            let body: Json = serde_json::from_slice(&response.body).unwrap();
            let place = format!("{method} {template} {name}");
            VALIDATORS.with_borrow_mut(|all| {
                let validator = all.entry(place).or_insert_with(|| {
                    let schema = &content[media_type]["schema"];
                    let whole = json!({ "allOf": [schema], "components": document["components"] });
                    jsonschema::draft202012::new(&whole).unwrap()
                });
                let errors: Vec<String> = validator
                    .iter_errors(&body)
                    .map(|error| format!("{} {error}", error.instance_path()))
                    .collect();
                assert!(errors.is_empty(), "{method} {template} {status}: {errors:?} in {body}");
            });
        }
    });
}

#[test]
fn what_is_described_is_there() {
    let document = openapi::described();
    for (path, item) in document["paths"].as_object().unwrap() {
        let asked = path.replace("{hash}", "h").replace("{token}", "t").replace("{key}", "k");
        assert_eq!(router::template(&asked).as_ref(), Some(path));
        let world = crate::memory::World::new();
        for method in item.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            let method = match method.as_str() {
                "get" => Method::Get,
                "put" => Method::Put,
                _ => Method::Post,
            };
            let request = Request::new(method, &format!("https://edge.example{asked}"));
            assert_ne!(world.ask(&request).status, 405, "{asked}");
        }
    }
}
