extension ToolDescription {
    /// Its manual page.
    public func manual(section: Int, source: String, manual: String) -> String {
        var page = Manual(
            name, section: section, source: source, manual: manual, summary: summary)
        page.section("Synopsis", [.lines(usages.map { "\(name) \($0)" })])
        if !jobs.isEmpty {
            page.section(
                "Commands",
                jobs.flatMap { job in
                    let usage = job.usage.isEmpty ? "" : " \(job.usage)"
                    let item = Manual.Block.item(
                        "\(name) \(job.name)\(usage)", sentence(job.summary))
                    return job.options.isEmpty
                        ? [item] : [item, .nested(job.options.map(Self.item))]
                })
        }
        page.section("Options", options.map(Self.item))
        for part in sections { page.section(part.heading, part.content) }
        return page.page
    }

    private static func item(_ option: Option) -> Manual.Block {
        let value = option.value.map { " \($0)" } ?? ""
        return .item(
            option.names.map { $0 + value }.joined(separator: ", "), sentence(option.summary))
    }
}
