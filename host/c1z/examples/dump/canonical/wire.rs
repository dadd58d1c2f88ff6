//! The protobuf wire format, walked field by field.

use std::collections::BTreeMap;

use super::fields::{Kind, NAMESPACE, field, is_known};
use super::json::Json;

/// Why bytes are not a protobuf message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a protobuf message: {0}")]
pub(crate) struct Malformed(&'static str);

/// Messages inside messages: as deep as protobuf readers go.
const MAX_DEPTH: usize = 100;

#[derive(Debug, Clone, Copy)]
enum Value<'a> {
    Number(u128),
    Bytes(&'a [u8]),
}

/// A message of this name as an object. Fields that it does not have are kept as `?<number>`.
pub(crate) fn decode(name: &str, bytes: &[u8]) -> Result<Json, Malformed> {
    message(name, bytes, 0)
}

fn message(name: &str, bytes: &[u8], depth: usize) -> Result<Json, Malformed> {
    if depth > MAX_DEPTH {
        return Err(Malformed("nested too deeply"));
    }
    match name {
        "Struct" => return structure(bytes, depth),
        "Any" => return any(bytes, depth),
        _ => {}
    }
    let mut out = Json::default();
    let mut rest = bytes;
    while let Some((number, value)) = next(&mut rest)? {
        let Some(known) = field(name, number) else {
            let kept = match value {
                Value::Number(value) => Json::Integer(value),
                Value::Bytes(bytes) => Json::Text(hex(bytes)),
            };
            out.append(&format!("?{number}"), kept);
            continue;
        };
        let values = match (known.kind, value) {
            (Kind::Text, Value::Bytes(bytes)) => vec![Json::Text(text(bytes))],
            (Kind::Message(inner), Value::Bytes(bytes)) => vec![message(inner, bytes, depth + 1)?],
            (Kind::Text | Kind::Message(_), Value::Number(_)) => return Err(Malformed("a number where text belongs")),
            (_, Value::Number(number)) => vec![scalar(known.kind, number)],
            (_, Value::Bytes(bytes)) => packed(known.kind, bytes)?,
        };
        for value in values {
            if known.repeated { out.append(known.name, value) } else { out.set(known.name, value) }
        }
    }
    match name {
        "Timestamp" => Ok(timestamp(&out)),
        "GrantSources" => Ok(sources(out)),
        _ => Ok(out),
    }
}

fn scalar(kind: Kind, number: u128) -> Json {
    match kind {
        Kind::Bool => Json::Bool(number != 0),
        Kind::Names(names) => {
            let name = usize::try_from(number).ok().and_then(|number| names.get(number));
            name.map_or(Json::Integer(number), |name| Json::Text((*name).to_owned()))
        }
        _ => Json::Integer(number),
    }
}

fn packed(kind: Kind, mut bytes: &[u8]) -> Result<Vec<Json>, Malformed> {
    let mut values = Vec::new();
    while !bytes.is_empty() {
        values.push(scalar(kind, varint(&mut bytes)?));
    }
    Ok(values)
}

/// Seconds with a fraction, to the microsecond.
fn timestamp(fields: &Json) -> Json {
    let number = |name| match fields.get(name) {
        Some(Json::Integer(number)) => *number as f64,
        _ => 0.0,
    };
    let seconds = number("seconds") + number("nanos") / 1e9;
    Json::Float(format!("{seconds:.6}").parse().unwrap_or(seconds))
}

/// The map by its keys.
fn sources(mut fields: Json) -> Json {
    let mut out = BTreeMap::new();
    if let Some(Json::List(entries)) = fields.take("sources") {
        for mut entry in entries {
            let key = entry.take("key").map(|key| key.bare()).unwrap_or_default();
            out.insert(key, entry.take("value").unwrap_or_default());
        }
    }
    Json::Object(out)
}

/// A packed message that is known is shown by its short name, any other as its bytes.
fn any(bytes: &[u8], depth: usize) -> Result<Json, Malformed> {
    let (mut url, mut value): (&[u8], &[u8]) = (&[], &[]);
    let mut rest = bytes;
    while let Some((number, field)) = next(&mut rest)? {
        match (number, field) {
            (1, Value::Bytes(bytes)) => url = bytes,
            (2, Value::Bytes(bytes)) => value = bytes,
            _ => {}
        }
    }
    let url = text(url);
    let name = url.rsplit('/').next().unwrap_or_default();
    let short = name.strip_prefix(NAMESPACE).unwrap_or_else(|| name.rsplit('.').next().unwrap_or_default());
    if is_known(short) {
        let mut out = message(short, value, depth + 1)?;
        out.set("@", Json::Text(short.to_owned()));
        return Ok(out);
    }
    Ok(Json::object([("@", Json::Text(name.to_owned())), ("raw", Json::Text(hex(value)))]))
}

fn structure(bytes: &[u8], depth: usize) -> Result<Json, Malformed> {
    let mut out = BTreeMap::new();
    let mut rest = bytes;
    while let Some((number, entry)) = next(&mut rest)? {
        let (1, Value::Bytes(mut entry)) = (number, entry) else { continue };
        let (mut key, mut value) = (String::new(), Json::Null);
        while let Some((number, field)) = next(&mut entry)? {
            match (number, field) {
                (1, Value::Bytes(bytes)) => key = text(bytes),
                (_, Value::Bytes(bytes)) => value = structure_value(bytes, depth + 1)?,
                _ => {}
            }
        }
        out.insert(key, value);
    }
    Ok(Json::Object(out))
}

fn structure_value(bytes: &[u8], depth: usize) -> Result<Json, Malformed> {
    /// Doubles below this are whole numbers exactly.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if depth > MAX_DEPTH {
        return Err(Malformed("nested too deeply"));
    }
    let mut out = Json::Null;
    let mut rest = bytes;
    while let Some((number, value)) = next(&mut rest)? {
        match (number, value) {
            (1, _) => out = Json::Null,
            (2, Value::Bytes(bytes)) => {
                let bytes = bytes.try_into().map_err(|_| Malformed("a double of another length"))?;
                let double = f64::from_le_bytes(bytes);
                let whole = double.fract() == 0.0 && double.abs() < EXACT;
                out = if whole { Json::Signed(double as i64) } else { Json::Float(double) };
            }
            (3, Value::Bytes(bytes)) => out = Json::Text(text(bytes)),
            (4, Value::Number(number)) => out = Json::Bool(number != 0),
            (5, Value::Bytes(bytes)) => out = structure(bytes, depth + 1)?,
            (6, Value::Bytes(mut list)) => {
                let mut items = Vec::new();
                while let Some((number, item)) = next(&mut list)? {
                    if let (1, Value::Bytes(item)) = (number, item) {
                        items.push(structure_value(item, depth + 1)?);
                    }
                }
                out = Json::List(items);
            }
            _ => {}
        }
    }
    Ok(out)
}

/// The next field's number and value; `None` at the end.
fn next<'a>(rest: &mut &'a [u8]) -> Result<Option<(u64, Value<'a>)>, Malformed> {
    if rest.is_empty() {
        return Ok(None);
    }
    let key = varint(rest)?;
    let number = u64::try_from(key >> 3).map_err(|_| Malformed("a field number too large"))?;
    let value = match key & 7 {
        0 => Value::Number(varint(rest)?),
        1 => Value::Bytes(split(rest, 8)?),
        2 => {
            let length = usize::try_from(varint(rest)?).map_err(|_| Malformed("a length too large"))?;
            Value::Bytes(split(rest, length)?)
        }
        5 => Value::Bytes(split(rest, 4)?),
        _ => return Err(Malformed("an unknown wire type")),
    };
    Ok(Some((number, value)))
}

fn varint(rest: &mut &[u8]) -> Result<u128, Malformed> {
    let mut number = 0;
    for shift in (0..70).step_by(7) {
        let (byte, tail) = rest.split_first().ok_or(Malformed("it ends in a number"))?;
        *rest = tail;
        number |= u128::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Malformed("a number too long"))
}

fn split<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Malformed> {
    let (head, tail) = rest.split_at_checked(length).ok_or(Malformed("it ends in a field"))?;
    *rest = tail;
    Ok(head)
}

/// UTF-8, with `\xNN` for each byte that is not.
fn text(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
