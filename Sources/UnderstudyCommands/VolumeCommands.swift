import CommandModel
import CommandTable

/// Words that belong to volumes. They take anything, so that scripts for a later version are read.
enum VolumeCommands {
    static let all = volumes + mirrors + snapshots

    private static let volumes = [
        volume("LISt", "lists the volumes"), volume("CREate", "makes a volume"),
        volume("DELete", "deletes a volume"), volume("ATTACH", "makes a volume usable"),
        volume("DETACH", "makes a volume unusable"),
        volume("STATus", "shows how a volume is doing"),
    ]

    private static let mirrors = [
        volume("MIRror CREate", "replicates a volume"),
        volume("MIRror PAUse", "holds the replication of a volume"),
        volume("MIRror CONTinue", "goes on with the replication of a volume"),
        volume("MIRror BREAK", "ends the replication of a volume for a while"),
        volume("MIRror RESYNC", "makes a broken replication of a volume whole"),
        volume("MIRror DELete", "ends the replication of a volume"),
        volume("MIRror SWITCHover", "swaps the ends of a volume's replication"),
    ]

    private static let snapshots = [
        reserved("SNAPSHOT TAKE", "takes a snapshot"),
        reserved("SNAPSHOT DROP", "drops a snapshot"),
        reserved("SNAPSHOT LISt", "lists the snapshots"),
        reserved("SNAPSHOT LOCATION", "says where snapshots are kept"),
    ]

    private static func volume(_ words: String, _ summary: String) -> CommandDeclaration {
        reserved("VOLUME \(words)", summary)
    }

    private static func reserved(_ words: String, _ summary: String) -> CommandDeclaration {
        let id = words.lowercased().split(separator: " ").joined(separator: ".")
        return CommandDeclaration(
            id, words, .rest(name: "arguments", shown: "…"), isAvailable: false,
            group: Group.volumes, summary: summary,
            examples: [.init("\(words.lowercased()) data")])
    }
}
