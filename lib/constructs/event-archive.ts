import { Duration } from 'aws-cdk-lib';
import { Archive, type EventBus, Match } from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import { OrderDocumentSubmitted } from '../../events/documents/order-document-submitted.ts';
import { OrderFound } from '../../events/documents/order-found.ts';
import { nameOf, type StageConfig } from '../config.ts';

/** The events that contain an order document: names, addresses, phone numbers and e-mail addresses. */
const withPersonalData = [OrderDocumentSubmitted, OrderFound];

/**
 * Archives the events of the bus. The archive adds a rule to the bus, and a bus with rules cannot be deleted, so both
 * are in one stack: CloudFormation deletes the archive first, because it refers to the bus.
 */
export function createEventArchive(scope: Construct, config: StageConfig, sourceEventBus: EventBus): void {
  new Archive(scope, 'Archive', {
    archiveName: nameOf(config, 'events'),
    description: 'The events of the stage for 30 days, without those that contain order documents',
    sourceEventBus,
    // An archive cannot delete single events, so personal data must not get into it.
    eventPattern: { detailType: Match.anythingBut(...withPersonalData.map(({ type }) => type)) },
    retention: Duration.days(30),
  });
}
