package dssjudge;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import eu.europa.esig.dss.enumerations.SignatureLevel;
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.InMemoryDocument;
import eu.europa.esig.dss.model.x509.CertificateToken;

/** The command line. */
public final class Main {

    private static final int PASSED = 0;
    private static final int NOT_PASSED = 1;
    private static final int USAGE = 2;

    private static final String HELP = """
            usage: dss COMMAND [OPTION...] [FILE...]

              validate --trust CERT [--trust CERT...] [--level LEVEL] [--strict] [--online]
                       [--at ISO-TIME] [--detail] [--reports DIR] FILE...
                  one line of JSON for each file
              sign --out OUT.pdf --root-out ROOT.pem [--level LEVEL] [--issuing-ca] FILE
                  a reference signature from a throw-away PKI (level LTA unless told)
              sample --out OUT.pdf [--bytes N]
                  a plain PDF of about N bytes (100000 unless told)
              selftest
                  checks the harness itself

            LEVEL is B, T, LT, LTA or a full name such as PAdES-BASELINE-LTA.
            CERT is a file of one or more certificates, PEM or DER.
            exit: 0 everything passed, 1 something did not, 2 wrong usage
            """;

    /** Something is wrong with the command line. */
    private static final class UsageException extends Exception {
        private static final long serialVersionUID = 1L;

        UsageException(String message) {
            super(message);
        }
    }

    private final Deque<String> rest;
    private final List<CertificateToken> trust = new ArrayList<>();
    private final List<Path> files = new ArrayList<>();
    private SignatureLevel level;
    private Date at;
    private Path out;
    private Path rootOut;
    private Path reports;
    private boolean online;
    private boolean strict;
    private boolean detail;
    private boolean issuingCa;
    private int bytes = 100_000;

    private Main(List<String> arguments) {
        this.rest = new ArrayDeque<>(arguments);
    }

    public static void main(String[] arguments) {
        System.setProperty("java.awt.headless", "true");
        System.setProperty("org.apache.commons.logging.Log", "org.apache.commons.logging.impl.NoOpLog");
        PrintStream stdout = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        int status;
        try {
            status = new Main(List.of(arguments)).run(stdout);
        } catch (UsageException e) {
            System.err.println("dss: " + e.getMessage() + " (see: dss help)");
            status = USAGE;
        } catch (Exception e) {
            System.err.println("dss: " + e);
            status = NOT_PASSED;
        }
        stdout.flush();
        System.exit(status);
    }

    private int run(PrintStream stdout) throws Exception {
        String command = rest.isEmpty() ? "" : rest.pop();
        switch (command) {
            case "validate":
                options("--trust", "--level", "--strict", "--online", "--at", "--detail", "--reports");
                demandTrust();
                demandFiles(1, Integer.MAX_VALUE);
                return validate(stdout);
            case "sign":
                options("--out", "--root-out", "--level", "--issuing-ca");
                demandFiles(1, 1);
                return sign();
            case "sample":
                options("--out", "--bytes");
                demandFiles(0, 0);
                Files.write(demand(out, "--out"), Sample.pdf(bytes));
                return PASSED;
            case "selftest":
                options();
                demandFiles(0, 0);
                return Selftest.run(stdout) ? PASSED : NOT_PASSED;
            case "help", "--help", "-h":
                stdout.print(HELP);
                return PASSED;
            case "":
                throw new UsageException("no command");
            default:
                throw new UsageException("unknown command: " + command);
        }
    }

    private int validate(PrintStream stdout) throws IOException {
        if (reports != null) {
            Files.createDirectories(reports);
        }
        Judge judge = new Judge(trust, online, at);
        Judge.Demand demand = new Judge.Demand(level, strict);
        boolean all = true;
        for (Path file : files) {
            Map<String, Object> result = judge.file(file, demand, detail, reports);
            all &= Judge.passed(result);
            stdout.println(Json.line(result));
        }
        return all ? PASSED : NOT_PASSED;
    }

    private int sign() throws Exception {
        Path target = demand(out, "--out");
        Path root = demand(rootOut, "--root-out");
        Pki pki = new Pki(issuingCa, Pki.DEFAULT_URL);
        DSSDocument signed = new Signer(pki).sign(new InMemoryDocument(content(), fileName()),
                levelOr(SignatureLevel.PAdES_BASELINE_LTA));
        Files.write(target, bytes(signed));
        Files.writeString(root, pem(pki.root().certificate()));
        return PASSED;
    }

    private void options(String... allowed) throws UsageException {
        boolean optionsOver = false;
        while (!rest.isEmpty()) {
            String word = rest.pop();
            if (optionsOver || !word.startsWith("--")) {
                files.add(Path.of(word));
            } else if (word.equals("--")) {
                optionsOver = true;
            } else if (!List.of(allowed).contains(word)) {
                throw new UsageException("unknown option: " + word);
            } else {
                option(word);
            }
        }
    }

    private void option(String option) throws UsageException {
        switch (option) {
            case "--trust" -> trust.addAll(certificates(Path.of(value(option))));
            case "--level" -> level = level(value(option));
            case "--at" -> at = moment(value(option));
            case "--out" -> out = Path.of(value(option));
            case "--root-out" -> rootOut = Path.of(value(option));
            case "--reports" -> reports = Path.of(value(option));
            case "--bytes" -> bytes = number(option, 0);
            case "--online" -> online = true;
            case "--strict" -> strict = true;
            case "--detail" -> detail = true;
            case "--issuing-ca" -> issuingCa = true;
            default -> throw new IllegalStateException(option);
        }
    }

    private String value(String option) throws UsageException {
        if (rest.isEmpty()) {
            throw new UsageException(option + " needs a value");
        }
        return rest.pop();
    }

    private int number(String option, int least) throws UsageException {
        String value = value(option);
        try {
            int number = Integer.parseInt(value);
            if (number >= least) {
                return number;
            }
        } catch (NumberFormatException e) {
            // told below
        }
        throw new UsageException(option + " needs a number from " + least + " up, not " + value);
    }

    private static Date moment(String value) throws UsageException {
        try {
            return Date.from(OffsetDateTime.parse(value).toInstant());
        } catch (DateTimeParseException e) {
            throw new UsageException("--at needs a time such as " + Instant.EPOCH + ", not " + value);
        }
    }

    private static SignatureLevel level(String value) throws UsageException {
        String name = value.contains("-") ? value : "PAdES-BASELINE-" + value.toUpperCase(Locale.ROOT);
        for (SignatureLevel known : SignatureLevel.values()) {
            if (known.toString().equalsIgnoreCase(name)) {
                return known;
            }
        }
        throw new UsageException("unknown level: " + value);
    }

    private static List<CertificateToken> certificates(Path path) throws UsageException {
        List<CertificateToken> result = new ArrayList<>();
        try (InputStream in = Files.newInputStream(path)) {
            for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                result.add(new CertificateToken((X509Certificate) one));
            }
        } catch (IOException | CertificateException e) {
            throw new UsageException("cannot read certificates from " + path + ": " + e.getMessage());
        }
        if (result.isEmpty()) {
            throw new UsageException("no certificate in " + path);
        }
        return result;
    }

    private SignatureLevel levelOr(SignatureLevel fallback) {
        return level == null ? fallback : level;
    }

    private static Path demand(Path path, String option) throws UsageException {
        if (path == null) {
            throw new UsageException(option + " is missing");
        }
        return path;
    }

    private void demandTrust() throws UsageException {
        if (trust.isEmpty()) {
            throw new UsageException("--trust is missing");
        }
    }

    private void demandFiles(int least, int most) throws UsageException {
        if (files.size() < least || files.size() > most) {
            throw new UsageException(most == 0 ? "no file is wanted" : most == 1 ? "one file is wanted" : "no file given");
        }
    }

    private byte[] content() throws IOException {
        return Files.readAllBytes(files.get(0));
    }

    private String fileName() {
        return files.get(0).getFileName().toString();
    }

    static byte[] bytes(DSSDocument document) throws IOException {
        ByteArrayOutputStream buffer = new ByteArrayOutputStream();
        document.writeTo(buffer);
        return buffer.toByteArray();
    }

    static String pem(CertificateToken certificate) {
        return "-----BEGIN CERTIFICATE-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(certificate.getEncoded())
                + "\n-----END CERTIFICATE-----\n";
    }
}
