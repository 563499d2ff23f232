import Basics

/// Checks typedefs and groupings wherever they are defined, so that the faults of those that nothing uses show too.
struct DefinitionRules {
    let builder: TreeBuilder
    let assembler: SchemaAssembler
    private var types: TypeResolver { assembler.types }
    private var names: NameResolver { builder.names }

    func check(_ module: LoadedModule) {
        for text in module.texts { check(text.statement.substatements, scope: module.scope, module: module) }
    }

    private func check(_ statements: [Statement], scope: Scope, module: LoadedModule) {
        for statement in statements {
            switch statement.keyword {
            case .typedef: check(typedef: statement, scope: scope)
            case .grouping where !builder.usedGroupings.contains(ObjectIdentifier(statement)):
                check(below: builder.expandAside(statement, scope: scope, module: module))
            case .leaf, .leafList, .anydata, .anyxml, .uses: continue
            default: break
            }
            let isOpen = statement.keyword.definesNode || [.grouping, .augment].contains(statement.keyword)
            guard isOpen, !statement.substatements.isEmpty else { continue }
            check(statement.substatements, scope: builder.inner(statement, in: scope), module: module)
        }
    }

    private func check(typedef: Statement, scope: Scope) {
        guard let type = typedef.first(.type) else { return }
        let resolution = types.resolve(type, scope: scope)
        // What a leafref refers to is known where the typedef is used.
        guard let statement = typedef.first(.default), resolution.paths.isEmpty else { return }
        if let fault = assembler.faultOfDefault(statement, of: resolution.type, module: scope.module) {
            builder.log.report(
                .defaultValue, "the default of typedef '\(typedef.text)' is no value of its type: \(fault)",
                remedy: "correct the default", statement.place)
        }
    }

    private func check(below draft: DraftNode) {
        for child in draft.children {
            for statement in child.properties + child.outerWhens {
                switch statement.keyword {
                case .type:
                    let isOwn = statement.source === child.statement.source
                    let scope = isOwn ? child.scope : names.text(of: statement).module?.scope ?? child.scope
                    for path in types.resolve(statement, scope: scope).paths {
                        _ = assembler.expression(path, module: child.module)
                    }
                case .must, .when: _ = assembler.expression(statement, module: child.module)
                default: break
                }
            }
            check(below: child)
        }
    }
}
