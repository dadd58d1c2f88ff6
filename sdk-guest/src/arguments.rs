//! What a caller gives by name: the arguments of an action, the profile of a new account. An empty text and a JSON null
//! are as good as nothing.

use crate::json::{self, FromJson, Json, Problem};
use crate::types::{Failure, Value};

/// Values by name.
#[derive(Debug, Clone, Copy)]
pub struct Arguments<'a> {
    given: &'a [(String, Value)],
}

impl<'a> Arguments<'a> {
    /// Of an action or a profile.
    pub fn new(given: &'a [(String, Value)]) -> Self {
        Self { given }
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        let given = self.given.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        given.filter(|value| !matches!(value, Value::Json(json) if json.trim() == "null"))
    }

    /// Text without surrounding white space.
    pub fn text(&self, name: &str) -> Result<Option<&'a str>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
            Some(_) => Err(wrong(name, "text")),
        }
    }

    /// A switch.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Flag(flag)) => Ok(Some(*flag)),
            Some(Value::Text(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::Text(text)) => text.trim().parse().map(Some).map_err(|_| wrong(name, "`true` or `false`")),
            Some(_) => Err(wrong(name, "`true` or `false`")),
        }
    }

    /// A list of texts; one text is a list of one.
    pub fn texts(&self, name: &str) -> Result<Vec<String>, Failure> {
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(Value::Items(items)) => Ok(items.clone()),
            Some(Value::Json(json)) => json::read(json.as_bytes()).map_err(|_| wrong(name, "a list of texts")),
            Some(Value::Text(text)) => {
                Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()).into_iter().collect())
            }
            Some(_) => Err(wrong(name, "a list of texts")),
        }
    }

    /// The id of a resource of this type, given alone or with its type.
    pub fn resource_id(&self, name: &str, resource_type: &str) -> Result<String, Failure> {
        let form = format!("the id of a resource of type `{resource_type}`");
        let given = match self.get(name) {
            None => return Err(missing(name, &form)),
            Some(Value::Text(id)) => Named { id: Some(id.clone()), resource_type: None },
            Some(Value::Json(json)) => json::read(json.as_bytes()).map_err(|_| wrong(name, &form))?,
            Some(_) => return Err(wrong(name, &form)),
        };
        match given.resource_type {
            Some(other) if other != resource_type => {
                let message = format!("the argument `{name}` names a resource of type `{}`", other.escape_debug());
                return Err(Failure::refused(message, format!("give {form}")));
            }
            _ => {}
        }
        match given.id.as_deref().map(str::trim) {
            None => Err(wrong(name, &form)),
            Some("") => Err(missing(name, &form)),
            Some(id) => Ok(id.into()),
        }
    }
}

/// A resource as a caller names it: by its id, or with its type.
struct Named {
    id: Option<String>,
    resource_type: Option<String>,
}

impl FromJson for Named {
    fn from_json(json: Json<'_>, _: &mut Problem) -> Self {
        // In the words of the interface, and in those of the field.
        let member = |names: &[&str]| {
            let mut members = json.members().into_iter().flatten();
            members.find(|(name, _)| names.contains(name)).and_then(|(_, value)| value.text()).map(str::to_owned)
        };
        Self {
            id: json.text().map(str::to_owned).or_else(|| member(&["resource", "resource_id", "resourceId"])),
            resource_type: member(&["resource_type", "resource_type_id", "resourceType", "resource-type"]),
        }
    }
}

fn missing(name: &str, form: &str) -> Failure {
    Failure::refused(format!("the argument `{name}` is missing"), format!("give {form}"))
}

fn wrong(name: &str, form: &str) -> Failure {
    Failure::refused(format!("the argument `{name}` has another form than {form}"), format!("give {form}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(value: Value) -> Vec<(String, Value)> {
        vec![("it".to_owned(), value)]
    }

    fn json(text: &str) -> Value {
        Value::Json(text.to_owned())
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn resources_are_named_by_id_or_with_their_type() {
        let id = |value: Value| Arguments::new(&given(value)).resource_id("it", "user");
        for value in [
            text(" 7 "),
            json(r#""7""#),
            json(r#"{"resource_type_id":"user","resource_id":"7"}"#),
            json(r#"{"resource_type":"user","resource":"7"}"#),
            json(r#"{"resourceType":"user","resource":"7","botResource":false}"#),
            json(r#"{"resource":"7"}"#),
        ] {
            assert_eq!(id(value.clone()), Ok("7".to_owned()), "{value:?}");
        }
        for value in [text(" "), json("null"), json("7"), json("{}"), Value::Int(7), json(r#"{"resource":""}"#)] {
            assert!(matches!(id(value.clone()), Err(Failure::Refused(_))), "{value:?}");
        }
        let Err(Failure::Refused(detail)) = id(json(r#"{"resource_type":"team","resource":"7"}"#)) else {
            panic!("a team is no user")
        };
        assert_eq!(detail.message, "the argument `it` names a resource of type `team`");
    }

    #[test]
    fn what_is_empty_is_not_given() {
        for value in [text(""), text("  "), json("null")] {
            let given = given(value);
            let arguments = Arguments::new(&given);
            assert_eq!(arguments.text("it"), Ok(None));
            assert_eq!(arguments.flag("it"), Ok(None));
            assert_eq!(arguments.texts("it"), Ok(Vec::new()));
            assert_eq!(arguments.text("other"), Ok(None));
        }
    }

    #[test]
    fn other_forms_are_refused_and_friendly_ones_are_not() {
        let many = given(json(r#"["a","b"]"#));
        assert_eq!(Arguments::new(&many).texts("it"), Ok(vec!["a".to_owned(), "b".to_owned()]));
        assert!(Arguments::new(&many).text("it").is_err());
        let yes = given(text("true"));
        assert_eq!(Arguments::new(&yes).flag("it"), Ok(Some(true)));
        assert_eq!(Arguments::new(&yes).texts("it"), Ok(vec!["true".to_owned()]));
        let number = given(Value::Int(1));
        let arguments = Arguments::new(&number);
        assert!(arguments.text("it").is_err() && arguments.flag("it").is_err() && arguments.texts("it").is_err());
    }
}
