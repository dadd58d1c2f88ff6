//! A message inside another one, left as its bytes.

use std::fmt;

use prost::bytes::{Buf, BufMut};
use prost::encoding::{DecodeContext, WireType, bytes, encode_key, encode_varint, skip_field};

use super::{DecodeError, Message, Struct};

/// A `Struct`, packed. A resource's profile stands in it more than once: this way it is encoded once, and decoded only by
/// who asks.
#[derive(Clone, Default, PartialEq)]
pub struct PackedStruct {
    bytes: Vec<u8>,
}

impl PackedStruct {
    /// Bytes that are an encoded `Struct`.
    pub(crate) fn of_bytes(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    /// # Errors
    /// The bytes are no `Struct`.
    pub fn unpack(&self) -> Result<Struct, DecodeError> {
        Struct::decode(self.bytes.as_slice())
    }
}

impl From<&Struct> for PackedStruct {
    fn from(content: &Struct) -> Self {
        Self { bytes: content.encode_to_vec() }
    }
}

impl fmt::Debug for PackedStruct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.unpack().fmt(f)
    }
}

impl Message for PackedStruct {
    fn encode_raw(&self, output: &mut impl BufMut) {
        output.put_slice(&self.bytes);
    }

    /// Keeps each field as it came. All fields of a `Struct` have a length.
    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        input: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        if wire_type != WireType::LengthDelimited {
            return skip_field(wire_type, tag, input, context);
        }
        let mut content = Vec::new();
        bytes::merge(wire_type, &mut content, input, context)?;
        encode_key(tag, wire_type, &mut self.bytes);
        encode_varint(content.len() as u64, &mut self.bytes);
        self.bytes.extend_from_slice(&content);
        Ok(())
    }

    fn encoded_len(&self) -> usize {
        self.bytes.len()
    }

    fn clear(&mut self) {
        self.bytes.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Kind, Resource, Value};
    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_message_both_ways() {
        let long = "x".repeat(300);
        let fields = BTreeMap::from([("a".to_owned(), Value { kind: Some(Kind::StringValue(long)) })]);
        let content = Struct { fields };
        let packed = PackedStruct::from(&content);
        assert_eq!(packed.encode_to_vec(), content.encode_to_vec());
        let resource = Resource { profile: Some(packed.clone()), ..Resource::default() };
        let read = Resource::decode(resource.encode_to_vec().as_slice()).unwrap();
        assert_eq!(read.profile, Some(packed));
        assert_eq!(read.profile.unwrap().unpack().unwrap(), content);
    }

    #[test]
    fn bytes_that_are_no_struct_are_told_when_they_are_read() {
        let broken = Resource { profile: Some(PackedStruct::of_bytes(vec![10, 2, 255, 255])), ..Resource::default() };
        let read = Resource::decode(broken.encode_to_vec().as_slice()).unwrap();
        assert!(read.profile.unwrap().unpack().is_err());
    }
}
