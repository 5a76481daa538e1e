//! What is generated from `wit/`. Plugin authors never name anything here: the export macros do.
//!
//! All worlds share one set of types, so that a [`Table`](crate::Table) is the same type whatever role a plugin has.

#[allow(missing_docs, unsafe_code, reason = "generated")]
pub mod shared {
    wit_bindgen::generate!({
        path: "../wit",
        world: "shared",
        additional_derives: [PartialEq],
        generate_unused_types: true,
    });
}

#[allow(missing_docs, unsafe_code, reason = "generated")]
pub mod generator {
    wit_bindgen::generate!({
        path: "../wit",
        world: "generator-plugin",
        additional_derives: [PartialEq],
        with: {
            "hsm:plugin/types@0.1.0": crate::bindings::shared::hsm::plugin::types,
            "hsm:plugin/log@0.1.0": crate::bindings::shared::hsm::plugin::log,
        },
        pub_export_macro: true,
        export_macro_name: "export_generator",
        default_bindings_module: "hsm_sdk::bindings::generator",
    });
}

#[allow(missing_docs, unsafe_code, reason = "generated")]
pub mod aggregator {
    wit_bindgen::generate!({
        path: "../wit",
        world: "aggregator-plugin",
        additional_derives: [PartialEq],
        with: {
            "hsm:plugin/types@0.1.0": crate::bindings::shared::hsm::plugin::types,
            "hsm:plugin/log@0.1.0": crate::bindings::shared::hsm::plugin::log,
        },
        pub_export_macro: true,
        export_macro_name: "export_aggregator",
        default_bindings_module: "hsm_sdk::bindings::aggregator",
    });
}

#[allow(missing_docs, unsafe_code, reason = "generated")]
pub mod scheduler {
    wit_bindgen::generate!({
        path: "../wit",
        world: "scheduler-plugin",
        additional_derives: [PartialEq],
        with: {
            "hsm:plugin/types@0.1.0": crate::bindings::shared::hsm::plugin::types,
            "hsm:plugin/log@0.1.0": crate::bindings::shared::hsm::plugin::log,
        },
        pub_export_macro: true,
        export_macro_name: "export_scheduler",
        default_bindings_module: "hsm_sdk::bindings::scheduler",
    });
}
