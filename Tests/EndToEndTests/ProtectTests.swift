import Foundation
import Testing

extension EndToEnd {
    @Suite(.serialized)
    struct Protect {
        @Test("A protected tree is mirrored, and live changes of every kind arrive")
        func everyKindOfChange() throws {
            try Laboratory.run { laboratory in
                try laboratory.makeTree(800)
                _ = try laboratory.startBoth()
                try laboratory.protect()
                try laboratory.requireEqual("after the mirror")
                try #require(Mounts.isCaptured(laboratory.source))
                try laboratory.shell(
                    "cd '\(laboratory.source)'; " + Self.changes.joined(separator: "; "))
                try laboratory.sync()
                try laboratory.requireEqual("after changes of every kind")
                let status = try laboratory.status()
                #expect(status["targetState"] as? String == "OK")
                #expect((status["problems"] as? NSNumber)?.intValue == 0)
                let verified = try laboratory.command("$n = verify 1; write $n").lines.last
                #expect((verified?["write"] as? [String: Any])?["text"] as? String == "0")
            }
        }

        private static let changes = [
            // Names.
            "mkdir -p new/deep/er 'a blank' $'line\\nbreak' $'\\xff'",
            "echo text > new/file; cp new/file $'\\xff/\\xfe'; mv new 'moved new'",
            "ln 'moved new/file' second-name; ln -s nowhere dangling; ln -sf elsewhere dangling",
            "mv -T 'a blank' 'moved new/deep/blank'; rm -rf $'line\\nbreak'; rmdir 'empty folder'",
            "mkfifo pipe; mknod device c 1 7; mv pipe 'moved new/pipe'",
            "echo other > replaced; echo new > replacing; mv replacing replaced",
            // Content.
            "echo more >> 'moved new/file'; : > sparse; truncate -s 3M 'only a hole'",
            "printf end | dd of='only a hole' bs=1 seek=2000000 conv=notrunc status=none",
            "dd if=/dev/urandom of=direct bs=64k count=8 oflag=direct status=none",
            "dd if=/dev/urandom of=holed bs=64k count=8 status=none",
            "fallocate -p -o 65536 -l 131072 holed",
            // What a file is besides.
            "chmod 2711 'moved new'; chmod 1777 acl; chmod 6755 direct; chown 12:34 direct holed",
            "chown -h 56:78 dangling; touch -h -d '2001-02-03 04:05:06.123456789' dangling",
            "touch -d '2030-01-01 00:00:00.000000001' holed 'moved new'",
            "setfattr -n user.note -v hello direct; setfattr -n user.note -v bye direct",
            "setfattr -n user.gone -v x holed; setfattr -x user.gone holed",
            "setfattr -n trusted.kept -v y holed",
            "setfacl -m u:77:rw,g:88:r direct; setfacl -d -m u:99:rwx 'moved new/deep'",
            "mkdir 'moved new/deep/inherits'; setfacl -b acl",
        ]
    }
}
