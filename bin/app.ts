import { App } from 'aws-cdk-lib';
import { configOf, type StageConfig } from '../lib/config.ts';
import { Platform } from '../lib/platform.ts';

const app = new App();
const wish = (name: string, variable: string): string | undefined => {
  const said = app.node.tryGetContext(name) ?? process.env[variable];
  // a number, where it stands in cdk.json
  return said === undefined ? undefined : String(said);
};

function stageAskedFor(): StageConfig {
  try {
    return configOf(wish('stage', 'ONCEBOX_STAGE') ?? 'local', {
      baseUrl: wish('baseUrl', 'ONCEBOX_BASE_URL'),
      alarmEmail: wish('alarmEmail', 'ONCEBOX_ALARM_EMAIL'),
      balances: {
        updates: wish('balances.updates', 'ONCEBOX_BALANCES_UPDATES'),
        interval: wish('balances.interval', 'ONCEBOX_BALANCES_INTERVAL'),
        chunksPerTick: wish('balances.chunks_per_tick', 'ONCEBOX_BALANCES_CHUNKS_PER_TICK'),
      },
    });
  } catch (error) {
    // a mistyped wish deserves a line, not a stack trace
    console.error((error as Error).message);
    process.exit(1);
  }
}

new Platform(app, stageAskedFor());
