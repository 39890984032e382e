import { MerchantCensusRow } from './census/merchant-census.entity.js';
import { SharedFigure } from './metrics/shared-figure.entity.js';

/** The tables of this lib: for its module, and for tools and tests that open a data source of their own. */
export const telemetryEntities = [MerchantCensusRow, SharedFigure];
