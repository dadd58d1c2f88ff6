//! Profiles: free facts as a protobuf `Struct`, without losing a value.

use std::collections::BTreeMap;

use prost::encoding::{WireType, encode_key, encode_varint, message, string};

use super::rules::Row;
use super::{Note, RowName};
use crate::model::{Profile, Value};
use crate::proto::{self, Kind, ListValue, PackedStruct, Struct};

/// Whole numbers up to here are exact in a double, the only number that a `Struct` has; larger ones become text.
pub const MAX_EXACT_INTEGER: u64 = 1 << 53;

/// A level of JSON is three nested messages here, and protobuf readers stop at 100. Arbitrary below that.
const MAX_DEPTH: usize = 16;

/// Encodes a profile by itself; `None` when it is empty. Of two facts with one name the last counts.
pub fn profile(row: &RowName, profile: &Profile) -> (Option<PackedStruct>, Vec<Note>) {
    let mut row = Row::new(row.kind, &row.id);
    let encoded = encode(&mut row, profile);
    (encoded, row.into_notes())
}

/// `None` when the profile is empty.
pub(super) fn encode(row: &mut Row<'_>, profile: &Profile) -> Option<PackedStruct> {
    if profile.is_empty() {
        return None;
    }
    // The later of two facts with one name stands before the other.
    let mut facts: Vec<_> = profile.iter().rev().collect();
    facts.sort_by_key(|(name, _)| name);
    facts.dedup_by_key(|(name, _)| name);
    let mut bytes = Vec::with_capacity(64 * facts.len());
    for (name, fact) in facts {
        let value = value(row, name, fact);
        // Field 1 of a `Struct` is its map, whose entries have the name in field 1 and the value in field 2.
        encode_key(1, WireType::LengthDelimited, &mut bytes);
        let length = string::encoded_len(1, name) + message::encoded_len(2, &value);
        encode_varint(length as u64, &mut bytes);
        string::encode(1, name, &mut bytes);
        message::encode(2, &value, &mut bytes);
    }
    Some(PackedStruct::of_bytes(bytes))
}

fn value(row: &mut Row<'_>, name: &str, value: &Value) -> proto::Value {
    let text = |text: &str| Kind::StringValue(text.to_owned());
    let kind = match value {
        Value::Text(content) => text(content),
        Value::Int(number) => integer(*number),
        Value::Number(number) if number.is_finite() => Kind::NumberValue(*number),
        Value::Number(number) => {
            row.kept_as_text(field(name), "not a finite number");
            text(&number.to_string())
        }
        Value::Flag(flag) => Kind::BoolValue(*flag),
        Value::Items(items) => list(items.iter().map(|item| proto::Value { kind: Some(text(item)) }).collect()),
        Value::Json(content) => match serde_json::from_str::<serde_json::Value>(content) {
            Ok(parsed) if depth(&parsed) <= MAX_DEPTH => json(&parsed),
            Ok(_) => {
                row.kept_as_text(field(name), "JSON nested more than 16 levels deep");
                text(content)
            }
            Err(_) => {
                row.kept_as_text(field(name), "not JSON");
                text(content)
            }
        },
    };
    proto::Value { kind: Some(kind) }
}

fn field(name: &str) -> String {
    format!("profile.{name}")
}

fn integer(number: i64) -> Kind {
    if number.unsigned_abs() <= MAX_EXACT_INTEGER {
        Kind::NumberValue(number as f64)
    } else {
        Kind::StringValue(number.to_string())
    }
}

fn list(values: Vec<proto::Value>) -> Kind {
    Kind::ListValue(ListValue { values })
}

fn json(value: &serde_json::Value) -> Kind {
    use serde_json::Value as Json;
    let nested = |value: &Json| proto::Value { kind: Some(json(value)) };
    match value {
        Json::Null => Kind::NullValue(0),
        Json::Bool(flag) => Kind::BoolValue(*flag),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => integer(number),
            (None, Some(float)) if number.is_f64() => Kind::NumberValue(float),
            _ => Kind::StringValue(number.to_string()),
        },
        Json::String(text) => Kind::StringValue(text.clone()),
        Json::Array(items) => list(items.iter().map(nested).collect()),
        Json::Object(members) => {
            let fields: BTreeMap<_, _> = members.iter().map(|(name, value)| (name.clone(), nested(value))).collect();
            Kind::StructValue(Struct { fields })
        }
    }
}

fn depth(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        serde_json::Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::RowKind;
    use super::*;

    fn encoded(value: Value) -> (Option<Kind>, Vec<Note>) {
        let name = RowName { kind: RowKind::Resource, id: "user:1".into() };
        let (structure, notes) = profile(&name, &vec![("fact".into(), value)]);
        // Whatever is written must be readable again, and as its own encoding.
        let structure = structure.unwrap();
        let read = structure.unpack().unwrap();
        assert_eq!(PackedStruct::from(&read), structure);
        (read.fields["fact"].kind.clone(), notes)
    }

    #[test]
    fn whole_numbers_keep_every_digit() {
        assert_eq!(encoded(Value::Int(1 << 53)).0, Some(Kind::NumberValue(9_007_199_254_740_992.0)));
        for number in [(1 << 53) + 1, i64::MAX, i64::MIN] {
            assert_eq!(encoded(Value::Int(number)).0, Some(Kind::StringValue(number.to_string())));
        }
        let json = format!("[{}, {}, 1.5, -3]", u64::MAX, (1u64 << 53) + 1);
        let Some(Kind::ListValue(list)) = encoded(Value::Json(json)).0 else { panic!("not a list") };
        let kinds: Vec<_> = list.values.into_iter().filter_map(|value| value.kind).collect();
        assert_eq!(
            kinds,
            [
                Kind::StringValue("18446744073709551615".into()),
                Kind::StringValue("9007199254740993".into()),
                Kind::NumberValue(1.5),
                Kind::NumberValue(-3.0),
            ]
        );
    }

    #[test]
    fn what_a_struct_cannot_say_is_kept_as_text_and_told() {
        let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
        for (value, text) in [
            (Value::Number(f64::NAN), "NaN"),
            (Value::Number(f64::NEG_INFINITY), "-inf"),
            (Value::Json("{broken".into()), "{broken"),
            (Value::Json(deep.clone()), deep.as_str()),
        ] {
            let (kind, notes) = encoded(value);
            assert_eq!(kind, Some(Kind::StringValue(text.into())));
            assert_eq!(notes.len(), 1);
            assert!(notes[0].to_string().starts_with("resource `user:1`: profile.fact kept as text: "));
        }
    }

    #[test]
    fn json_becomes_its_own_shape() {
        let (kind, notes) = encoded(Value::Json(r#"{"b": null, "a": [true, "x", {}]}"#.into()));
        let Some(Kind::StructValue(structure)) = kind else { panic!("not a struct") };
        assert_eq!(structure.fields["b"].kind, Some(Kind::NullValue(0)));
        assert_eq!(structure.fields.len(), 2);
        assert_eq!(notes, []);
    }
}
