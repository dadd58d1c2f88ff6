//! What can be read out of JSON, and how a struct is read member by member.

use std::collections::BTreeMap;

use super::tree::{self, Node};
use super::{Json, Problem};

/// What a JSON value can be read into. Reading always gives something; a problem says that it must not be used.
pub trait FromJson: Sized {
    /// Reads it. A value that is missing is read too: it is for the type to say whether that is a problem.
    fn from_json(json: Json<'_>, problem: &mut Problem) -> Self;
}

/// An object whose members are read by name.
#[derive(Debug)]
pub struct Object<'t, 'p> {
    members: &'t [Node<'t>],
    /// Members mostly stand in the order in which they are asked for.
    after: usize,
    problem: &'p mut Problem,
}

impl<'t, 'p> Object<'t, 'p> {
    /// The object that this is.
    pub fn new(json: Json<'t>, problem: &'p mut Problem) -> Self {
        let members = json.member_nodes().unwrap_or_else(|| {
            problem.expected("an object", json);
            &[]
        });
        Self { members, after: 0, problem }
    }

    /// Reads a member.
    pub fn read<T: FromJson>(&mut self, name: &str) -> T {
        let json = self.find(name);
        self.read_found(name, json)
    }

    /// Reads a member that may be missing.
    pub fn read_or_default<T: FromJson + Default>(&mut self, name: &str) -> T {
        let json = self.find(name);
        if json.is_missing() { T::default() } else { self.read_found(name, json) }
    }

    fn read_found<T: FromJson>(&mut self, name: &str, json: Json<'t>) -> T {
        let earlier = self.problem.exists();
        let it = T::from_json(json, self.problem);
        if self.problem.exists() && !earlier {
            self.problem.within(name);
        }
        it
    }

    #[inline(never)]
    fn find(&mut self, name: &str) -> Json<'t> {
        let found = tree::find(self.members, self.after, name).or_else(|| tree::find(self.members, 0, name));
        let Some((json, after)) = found else { return Json::MISSING };
        self.after = after;
        json
    }
}

/// Whatever it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ignored;

impl FromJson for Ignored {
    fn from_json(json: Json<'_>, problem: &mut Problem) -> Self {
        if json.is_missing() {
            problem.expected("something", json);
        }
        Self
    }
}

impl FromJson for String {
    fn from_json(json: Json<'_>, problem: &mut Problem) -> Self {
        json.text()
            .unwrap_or_else(|| {
                problem.expected("text", json);
                ""
            })
            .into()
    }
}

impl FromJson for bool {
    fn from_json(json: Json<'_>, problem: &mut Problem) -> Self {
        json.flag().unwrap_or_else(|| {
            problem.expected("true or false", json);
            false
        })
    }
}

macro_rules! whole_numbers {
    ($($number:ty)*) => {$(
        impl FromJson for $number {
            fn from_json(json: Json<'_>, problem: &mut Problem) -> Self {
                json.whole().unwrap_or_else(|| {
                    problem.expected(concat!("a whole number (", stringify!($number), ")"), json);
                    0
                })
            }
        }
    )*};
}

whole_numbers!(u8 u16 u32 u64 usize i64);

impl<T: FromJson> FromJson for Option<T> {
    fn from_json(json: Json<'_>, problem: &mut Problem) -> Self {
        if json.is_nothing() { None } else { Some(T::from_json(json, problem)) }
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(json: Json<'_>, problem: &mut Problem) -> Self {
        let mut list = Self::new();
        read_items(json, problem, &mut list);
        list
    }
}

/// What takes the items of a list, one by one. All lists are read by one function that does not know what they hold.
trait Items {
    fn take(&mut self, item: Json<'_>, problem: &mut Problem);
}

impl<T: FromJson> Items for Vec<T> {
    fn take(&mut self, item: Json<'_>, problem: &mut Problem) {
        self.push(T::from_json(item, problem));
    }
}

fn read_items(json: Json<'_>, problem: &mut Problem, list: &mut dyn Items) {
    let Some(items) = json.items() else {
        return problem.expected("a list", json);
    };
    for (place, item) in items.enumerate() {
        let earlier = problem.exists();
        list.take(item, problem);
        if problem.exists() && !earlier {
            problem.within_item(place);
        }
    }
}

impl<T: FromJson> FromJson for BTreeMap<String, T> {
    fn from_json(json: Json<'_>, problem: &mut Problem) -> Self {
        let Some(members) = json.members() else {
            problem.expected("an object", json);
            return Self::new();
        };
        let mut map = Self::new();
        for (name, value) in members {
            let earlier = problem.exists();
            map.insert(name.into(), T::from_json(value, problem));
            if problem.exists() && !earlier {
                problem.within(name);
            }
        }
        map
    }
}

/// A list of two, as pairs are written.
impl<A: FromJson, B: FromJson> FromJson for (A, B) {
    fn from_json(json: Json<'_>, problem: &mut Problem) -> Self {
        let mut items = json.items().into_iter().flatten();
        let (first, second) = (items.next(), items.next());
        if second.is_none() || items.next().is_some() {
            problem.expected("a list of two", json);
        }
        let missing = Json::MISSING;
        (A::from_json(first.unwrap_or(missing), problem), B::from_json(second.unwrap_or(missing), problem))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::json::{self, Count, FromJson, Ignored, List, Text, Verbatim};

    #[derive(FromJson, Debug, PartialEq)]
    struct Group {
        id: String,
        size: Option<u8>,
        members: List<Member>,
    }

    #[derive(FromJson, Debug, PartialEq)]
    struct Member {
        #[json(rename = "type")]
        kind: Text,
        id: u64,
    }

    #[derive(FromJson, Debug, PartialEq, Default)]
    #[json(default, rename_all = "camelCase")]
    struct Lenient {
        is_on: bool,
        r#type: Text,
        offset_in_seconds: i64,
        groups: Vec<String>,
        phones: Count,
    }

    fn group(text: &str) -> Result<Group, String> {
        json::read(text.as_bytes()).map_err(|problem| problem.to_string())
    }

    #[test]
    fn members_are_found_in_any_order_and_others_are_passed_over() {
        let wanted = Group { id: "a\n".into(), size: None, members: List::default() };
        for text in [
            r#"{"id":"a\n","size":null,"members":[]}"#,
            r#"{"members":null,"id":"\u0061\n"}"#,
            r#" {"other":{"id":"b","members":[{"id":1},[[]]]}, "id":"a\n", "more":[1,-2,3.5e9,true,null,{}]} "#,
        ] {
            assert_eq!(group(text).as_ref(), Ok(&wanted), "{text}");
        }
        let text = r#"{"members":[{"type":"user","id":7,"x":[]},{"id":18446744073709551615}],"size":255,"id":""}"#;
        let members = group(text).unwrap().members.into_vec();
        assert_eq!((members[0].kind.given(), members[0].id, members[1].id), (Some("user"), 7, u64::MAX));
    }

    #[test]
    fn a_problem_says_where_it_is() {
        for (text, problem) in [
            ("[]", "it is a list, where an object belongs"),
            ("{}", "`id` is missing"),
            (r#"{"id":null}"#, "`id` is null, where text belongs"),
            (r#"{"id":"a","size":256}"#, "`size` is a number, where a whole number (u8) belongs"),
            (r#"{"id":"a","size":-1}"#, "`size` is a number, where a whole number (u8) belongs"),
            (r#"{"id":"a","size":1.0}"#, "`size` is a number, where a whole number (u8) belongs"),
            (r#"{"id":"a","members":{}}"#, "`members` is an object, where a list belongs"),
            (
                r#"{"id":"a","members":[{"id":1},{"id":"2"}]}"#,
                "`members[1].id` is text, where a whole number (u64) belongs",
            ),
            (r#"{"id":1,"members":[7]}"#, "`id` is a number, where text belongs"),
            (r#"{"id":"a""#, "EOF while parsing an object at line 1 column 9"),
            (r#"{"id":"a"} x"#, "trailing characters at line 1 column 12"),
            ("", "EOF while parsing a value at line 1 column 0"),
            ("<html>", "expected value at line 1 column 1"),
        ] {
            assert_eq!(group(text).unwrap_err(), problem, "{text}");
        }
    }

    #[test]
    fn what_may_be_missing_still_has_a_form() {
        let read = |text: &str| json::read::<Lenient>(text.as_bytes()).map_err(|problem| problem.to_string());
        assert_eq!(read("{}"), Ok(Lenient::default()));
        let all = r#"{"isOn":true,"type":"t","offsetInSeconds":-3600,"groups":["a"],"phones":[1,{"a":[2]}]}"#;
        let wanted = Lenient {
            is_on: true,
            r#type: "t".into(),
            offset_in_seconds: -3_600,
            groups: vec!["a".into()],
            phones: Count(Some(2)),
        };
        assert_eq!(read(all), Ok(wanted));
        assert_eq!(read(r#"{"groups":null}"#).unwrap_err(), "`groups` is null, where a list belongs");
        assert_eq!(read(r#"{"phones":3}"#).unwrap_err(), "`phones` is a number, where a list belongs");
    }

    #[test]
    fn pairs_and_maps_are_read_and_too_deep_nesting_is_refused() {
        assert_eq!(json::read(br#"[["a",1],["b",2]]"#), Ok(vec![("a".to_owned(), 1), ("b".to_owned(), 2_u8)]));
        for text in ["[[]]", r#"[["a"]]"#, r#"[["a",1,2]]"#, r#"["a"]"#] {
            let read = json::read::<Vec<(String, u8)>>(text.as_bytes());
            assert!(read.unwrap_err().to_string().starts_with("`[0]` is "), "{text}");
        }
        let map: BTreeMap<String, bool> = json::read(br#"{"b":true,"a":false}"#).unwrap();
        assert_eq!(map.into_iter().collect::<Vec<_>>(), [("a".to_owned(), false), ("b".to_owned(), true)]);
        let problem = json::read::<BTreeMap<String, bool>>(br#"{"b":1}"#).unwrap_err().to_string();
        assert_eq!(problem, "`b` is a number, where true or false belongs");
        let deep = "[".repeat(100_000);
        let problem = json::read::<Ignored>(deep.as_bytes()).unwrap_err().to_string();
        assert!(problem.contains("recursion limit"), "{problem}");
    }

    #[test]
    fn what_is_sent_back_is_what_came() {
        let text = r#"{"a":[1,-2,2.5,"x\ny",true,null,{}],"b":{"c":[]}}"#;
        assert_eq!(json::read(text.as_bytes()), Ok(Verbatim(text.to_owned())));
        assert!(json::read::<Vec<Verbatim>>(b"{}").is_err());
    }
}
