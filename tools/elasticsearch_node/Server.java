import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/** One node of the core server: java Server.java HOME. Settings are in HOME/config/elasticsearch.yml. Ends on SIGTERM. */
public class Server {
    public static void main(String[] arguments) throws Exception {
        LogConfigurator.configureESLogging(); // before any class that logs when it is loaded
        Path home = Path.of(arguments[0]);
        Path config = home.resolve("config");
        Settings settings = Settings.builder()
            .loadFromPath(config.resolve("elasticsearch.yml"))
            .put("path.home", home)
            .build();
        System.setProperty("es.logs.base_path", home.resolve("logs").toString());
        LogConfigurator.registerErrorListener();
        Environment environment = new Environment(settings, config);
        LogConfigurator.configure(environment, true);
        PluginsLoader plugins = PluginsLoader.createPluginsLoader(
            PluginsLoader.loadModulesBundles(environment.modulesDir()),
            PluginsLoader.loadPluginsBundles(environment.pluginsDir()),
            Map.of());
        Node node = new Node(environment, plugins);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                node.close();
            } catch (Exception error) {
                error.printStackTrace();
            }
        }));
        node.start();
        new CountDownLatch(1).await(); // the node's threads do not keep the process alive
    }
}
