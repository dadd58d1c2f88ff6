//! `#[derive(FromJson)]`: a struct is read field by field out of a JSON object. See `accord_sdk::json`, which documents
//! the attributes.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Attribute, Data, DeriveInput, Error, Field, Fields, LitStr, Result, parse_quote};

/// Implements `accord_sdk::json::FromJson` for a struct with named fields.
#[proc_macro_derive(FromJson, attributes(json))]
pub fn from_json(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    implementation(input).unwrap_or_else(Error::into_compile_error).into()
}

fn implementation(mut input: DeriveInput) -> Result<TokenStream> {
    let of_all = Options::of(&input.attrs)?;
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(&input.ident, "FromJson is derived for structs"));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new_spanned(&input.ident, "FromJson is derived for structs with named fields"));
    };
    let fields = fields.named.iter().map(|field| of_field(field, &of_all)).collect::<Result<Vec<_>>>()?;

    for parameter in input.generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(::accord_sdk::json::FromJson));
    }
    let name = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #generics ::accord_sdk::json::FromJson for #name #arguments #bounds {
            fn from_json(json: ::accord_sdk::json::Json<'_>, problem: &mut ::accord_sdk::json::Problem) -> Self {
                let mut object = ::accord_sdk::json::Object::new(json, problem);
                Self { #(#fields),* }
            }
        }
    })
}

/// `name: object.read("name")`.
fn of_field(field: &Field, of_all: &Options) -> Result<TokenStream> {
    let own = Options::of(&field.attrs)?;
    let ident = field.ident.as_ref().ok_or_else(|| Error::new_spanned(field, "a field without a name"))?;
    let name = own.rename.unwrap_or_else(|| of_all.case.apply(&ident.unraw().to_string()));
    Ok(if own.default || of_all.default {
        quote!(#ident: object.read_or_default(#name))
    } else {
        quote!(#ident: object.read(#name))
    })
}

/// What `#[json(…)]` says of a struct or of one of its fields.
#[derive(Default)]
struct Options {
    default: bool,
    rename: Option<String>,
    case: Case,
}

impl Options {
    fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut options = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("json")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("default") {
                    options.default = true;
                } else if meta.path.is_ident("rename") {
                    options.rename = Some(meta.value()?.parse::<LitStr>()?.value());
                } else if meta.path.is_ident("rename_all") {
                    options.case = Case::of(&meta.value()?.parse()?)?;
                } else {
                    return Err(meta.error("`default`, `rename` or `rename_all`"));
                }
                Ok(())
            })?;
        }
        Ok(options)
    }
}

/// How the names of a whole struct are written.
#[derive(Default, Clone, Copy)]
enum Case {
    #[default]
    AsTheyAre,
    Camel,
    Kebab,
}

impl Case {
    fn of(name: &LitStr) -> Result<Self> {
        match name.value().as_str() {
            "camelCase" => Ok(Self::Camel),
            "kebab-case" => Ok(Self::Kebab),
            _ => Err(Error::new_spanned(name, "`camelCase` or `kebab-case`")),
        }
    }

    fn apply(self, name: &str) -> String {
        match self {
            Self::AsTheyAre => name.into(),
            Self::Kebab => name.replace('_', "-"),
            Self::Camel => {
                let mut words = name.split('_');
                let first = words.next().unwrap_or_default().to_owned();
                words.fold(first, |name, word| {
                    let (initial, rest) = word.split_at_checked(1).unwrap_or((word, ""));
                    name + &initial.to_ascii_uppercase() + rest
                })
            }
        }
    }
}
