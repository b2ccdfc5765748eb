import { App } from 'aws-cdk-lib';
import { configOf, type StageConfig } from '../lib/config.ts';
import { ConfigError } from '../lib/config-error.ts';
import { Platform } from '../lib/platform.ts';

const app = new App();

/** Returns a setting from the CDK context, else from the environment. */
const readSetting = (contextKey: string, variable: string): string | undefined => {
  const value = app.node.tryGetContext(contextKey) ?? process.env[variable];
  // A number in cdk.json arrives as a number.
  return value === undefined ? undefined : String(value);
};

const readConfig = (): StageConfig =>
  configOf(readSetting('stage', 'ONCEBOX_STAGE') ?? 'local', {
    baseUrl: readSetting('baseUrl', 'ONCEBOX_BASE_URL'),
    alarmEmail: readSetting('alarmEmail', 'ONCEBOX_ALARM_EMAIL'),
    consumerConcurrency: readSetting('consumerConcurrency', 'ONCEBOX_CONSUMER_CONCURRENCY'),
    accountConcurrency: readSetting('accountConcurrency', 'ONCEBOX_ACCOUNT_CONCURRENCY'),
    ownAccount: readSetting('ownAccount', 'ONCEBOX_OWN_ACCOUNT'),
    retainData: readSetting('retainData', 'ONCEBOX_RETAIN_DATA'),
    backup: {
      copyRegion: readSetting('backup.copyRegion', 'ONCEBOX_BACKUP_COPY_REGION'),
      // The CDK CLI sets it to the region that it deploys to.
      region: process.env['CDK_DEFAULT_REGION'],
    },
    balances: {
      updates: readSetting('balances.updates', 'ONCEBOX_BALANCES_UPDATES'),
      interval: readSetting('balances.interval', 'ONCEBOX_BALANCES_INTERVAL'),
      chunksPerTick: readSetting('balances.chunks_per_tick', 'ONCEBOX_BALANCES_CHUNKS_PER_TICK'),
    },
  });

try {
  new Platform(app, readConfig());
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  // A wrong setting needs one line of explanation, not a stack trace.
  console.error(error.message);
  process.exit(1);
}
