import { App } from 'aws-cdk-lib';
import { configOf, type StageConfig } from '../lib/config.ts';
import { Platform } from '../lib/platform.ts';

const app = new App();
const wish = (name: string, variable: string): string | undefined =>
  app.node.tryGetContext(name) ?? process.env[variable];

function stageAskedFor(): StageConfig {
  try {
    return configOf(wish('stage', 'ONCEBOX_STAGE') ?? 'local', {
      baseUrl: wish('baseUrl', 'ONCEBOX_BASE_URL'),
      alarmEmail: wish('alarmEmail', 'ONCEBOX_ALARM_EMAIL'),
    });
  } catch (error) {
    // a mistyped stage deserves a line, not a stack trace
    console.error((error as Error).message);
    process.exit(1);
  }
}

new Platform(app, stageAskedFor());
