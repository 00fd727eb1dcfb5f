// Says with EventBridge's own matcher which events a pattern matches. The file of the argument has the pattern in its
// first line and an event in each further one; a line "true" or "false" is printed for each event.

import java.nio.file.Files;
import java.nio.file.Path;
import software.amazon.event.ruler.Ruler;

public class Matches {
    public static void main(String[] arguments) throws Exception {
        var lines = Files.readAllLines(Path.of(arguments[0]));
        for (String event : lines.subList(1, lines.size())) {
            System.out.println(Ruler.matchesRule(event, lines.get(0)));
        }
    }
}
